#include "runner/list.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include "policy/words.h"
#include "report/exit_code.h"
#include "runner/interrupts.h"
#include "runner/kept_file.h"
#include "sandbox/launcher.h"

namespace sandbox::runner {
namespace {

constexpr std::chrono::seconds kLongestListing{60};
constexpr std::size_t kMostNoise = 64 << 20;  // what is not written takes no memory

// The end of what the program said, for a message.
std::string last_words(std::string text) {
  constexpr std::size_t kLongest = 2000;
  if (text.size() > kLongest) text = "…" + text.substr(text.size() - kLongest);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "" : "\n" + text;
}

class Listing {
 public:
  Listing(Runs& runs, const Options& options)
      : runs_(runs), options_(options), policy_(options.policy) {
    if (!policy_.limits.timeout) policy_.limits.timeout = kLongestListing;
    policy_.reporting.report_dir.clear();
    policy_.keep_fds.push_back(KeptFile::number());
  }

  TestList read() {
    const Report report = run();
    const std::string noise = noise_.text();
    // A main() of its own may end badly where no TEST has run: what it listed is known all the
    // same.
    if (report.outcome.verdict != Verdict::passed && !is_whole()) {
      const bool ours = report.outcome.verdict == Verdict::setup_failed;
      throw Error{"cannot list the TESTs: " + report.outcome.reason + last_words(noise), 0,
                  report.outcome.hint, ours ? exit_status(ending_of(report.outcome, {})) : 1};
    }
    return parse(noise);
  }

 private:
  Report run() {
    std::vector<std::string> words = policy_.command;
    words.erase(words.begin());
    words.insert(words.begin(), options_.flags.begin(), options_.flags.end());
    words.push_back("--gtest_list_tests");
    words.push_back("--gtest_output=json:" + KeptFile::path(KeptFile::number()));
    std::optional<Report> report;
    boost::asio::io_context context;
    const UniqueFd nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    launcher launch{runs_,
                    policy_,
                    [&](const Report& end) {
                      report = end;
                      context.stop();
                    },
                    {nothing.get(), noise_.fd(), noise_.fd()}};
    list_.occupy();
    std::optional<boost::process::v2::process> process;
    try {
      process = launch(context.get_executor(), policy_.command.front(), words);
    } catch (const Error&) {
      if (runs_.running() == 0 && !report) throw;  // its report says more
    }
    int interrupted_by = 0;
    boost::asio::signal_set signals{context, SIGINT, SIGTERM, SIGHUP};
    signals.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error) return;
      interrupted_by = signal;
      boost::system::error_code ignored;
      if (process) process->terminate(ignored);
    });
    boost::asio::posix::stream_descriptor ready{context, runs_.fd()};
    dispatch(ready);
    if (!report) context.run();
    ready.release();
    if (interrupted_by) throw Interrupted{interrupted_by};
    return std::move(*report);
  }

  void dispatch(boost::asio::posix::stream_descriptor& ready) {
    ready.async_wait(ready.wait_read, [this, &ready](const boost::system::error_code& error) {
      if (error) return;
      runs_.dispatch();
      dispatch(ready);
    });
  }

  bool is_whole() const {
    try {
      return TestList::parse(list_.text()).size() > 0;
    } catch (const Error&) {
      return false;
    }
  }

  TestList parse(const std::string& noise) const {
    const std::string program = shown(policy_.command.front());
    const std::string text = list_.text();
    if (text.empty())
      throw Error{program + " listed no TESTs for --gtest_list_tests: is it a GoogleTest program?" +
                      last_words(noise),
                  0, "", 1};
    TestList list;
    try {
      list = TestList::parse(text);
    } catch (const Error& error) {
      throw Error{program + ": " + error.what(), 0, "", 1};
    }
    if (list.size() == 0)
      throw Error{program + " has no TEST that --gtest_filter selects", 0, "", 1};
    return list;
  }

  Runs& runs_;
  const Options& options_;
  Policy policy_;
  KeptFile list_{};
  KeptFile noise_{kMostNoise};
};

}  // namespace

TestList list_tests(Runs& runs, const Options& options) {
  return Listing{runs, options}.read();
}

}  // namespace sandbox::runner
