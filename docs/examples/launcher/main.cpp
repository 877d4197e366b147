// Runs a program in a sandbox through Boost.Process and prints what became of it.
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <iostream>
#include <optional>
#include <sandbox/launcher.h>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: example PROGRAM [ARG...]\n";
    return 2;
  }
  sandbox::Policy policy;
  policy.limits.pids = 100;
  policy.limits.timeout = std::chrono::seconds{10};

  boost::asio::io_context context;
  sandbox::Runs runs;
  std::optional<sandbox::Report> report;
  sandbox::launcher launch{runs, policy, [&](const sandbox::Report& made) { report = made; }};

  boost::process::v2::process test =
      launch(context.get_executor(), argv[1], {argv + 2, argv + argc});
  std::cout << "exit code " << test.wait() << '\n';

  while (!report) {
    pollfd ready{runs.fd(), POLLIN, 0};
    poll(&ready, 1, -1);
    runs.dispatch();
  }
  if (!report->outcome.reason.empty()) std::cout << report->outcome.reason << '\n';
  std::cout << report->usage.wall_seconds.value.value_or(0) << " s\n";
}
