// Which environment variables the test gets: a pure function.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"
#include "report/report.h"

namespace sandbox {

struct EnvironmentFacts {
  std::string runtime_dir{};  // /run/user/UID inside
  bool tmpdir_usable = true;  // the host's TMPDIR exists inside and is writable
  std::string home{};         // HOME inside; empty: leave as it is
  int channel_fd = -1;        // SANDBOX_CHANNEL_FD; -1: none
};

struct TestEnvironment {
  std::vector<std::string> variables{};  // "NAME=value", in the host's order, then the added ones
  EnvironmentRecord record{};
};

// Inherited, minus secrets and host sockets by an exact list of names and of last words after '_'
// (TOKEN SECRET PASSWORD PASSWD CREDENTIALS, …_KEY; SSH_AUTH_SOCK, DBUS_*, DOCKER_HOST, GITHUB_ENV
// and the like; never PATH, XAUTHORITY, GIT_AUTHOR_*); XDG_RUNTIME_DIR and an unusable TMPDIR
// replaced, not removed; TEST_TMPDIR set to the inside's TMPDIR or /tmp, SANDBOX_CHANNEL_FD to the
// channel's number. clean: PATH, HOME, USER,
// LOGNAME, SHELL, LANG, LC_*, TZ, TERM only, then the same. --keep-env, --setenv,
// --unsetenv win over the filter. Entries without '=' or with an empty name are dropped. A name set
// twice: the last wins.
TestEnvironment make_environment(const Environment& wanted, const std::vector<std::string>& host,
                                 const EnvironmentFacts& facts);

}  // namespace sandbox
