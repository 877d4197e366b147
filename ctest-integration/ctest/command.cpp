#include "ctest/command.h"

#include <sys/prctl.h>

// Process v2 of Boost 1.81 does not include what it uses.
#include <boost/optional.hpp>
#include <boost/type_traits.hpp>

#define BOOST_PROCESS_V2_USE_STD_FS 1
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>
#include <cstdlib>

#include "sys/error.h"
#include "sys/files.h"

namespace sandbox::ctest {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

constexpr int kSignalled = 128;

// The child gets SIGTERM when this process ends, however it does (PR_SET_PDEATHSIG).
struct EndsWithUs {
  template <typename Launcher, typename Path>
  boost::system::error_code on_exec_setup(Launcher&, const Path&, const char* const*&) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    return {};
  }
};

int status_of(int native) {
  return WIFSIGNALED(native) ? kSignalled + WTERMSIG(native) : WEXITSTATUS(native);
}

// As execvp(3) would find it.
std::string find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  const std::string folders = path ? path : "/usr/bin:/bin";
  for (const std::string_view folder : split(folders, ':')) {
    const std::string candidate = std::string{folder.empty() ? "." : folder} + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw Error{name + " is not in PATH", 0, "it comes with CMake"};
}

template <typename... Initializers>
process::process start(asio::io_context& io, const std::vector<std::string>& command,
                       Initializers&&... initializers) {
  const std::string program = find_program(command.front());
  try {
    return process::process{io, program,
                            std::vector<std::string>(command.begin() + 1, command.end()),
                            std::forward<Initializers>(initializers)...};
  } catch (const boost::system::system_error& error) {
    throw Error{"cannot run " + command.front(), error.code().value()};
  }
}

}  // namespace

Said ask(const std::vector<std::string>& command) {
  asio::io_context io;
  asio::readable_pipe output{io};
  process::process child = start(io, command, process::process_stdio{nullptr, output, {}});
  Said said;
  boost::system::error_code error;  // the end of the file
  asio::read(output, asio::dynamic_buffer(said.output), error);
  child.wait(error);
  said.status = status_of(child.native_exit_code());
  return said;
}

Ended run(const std::vector<std::string>& command) {
  asio::io_context io;
  asio::signal_set signals{io, SIGINT, SIGTERM, SIGHUP};
  process::process child = start(io, command, EndsWithUs{});
  Ended ended;
  const std::function<void()> hand_on = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error) return;
      ended.interrupted_by = signal;
      ::kill(child.id(), signal);
      hand_on();
    });
  };
  hand_on();
  child.async_wait([&](const boost::system::error_code&, int) {
    ended.status = status_of(child.native_exit_code());
    signals.cancel();
  });
  io.run();
  return ended;
}

}  // namespace sandbox::ctest
