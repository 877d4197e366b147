#include "plan/environment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace sandbox {
namespace {

// --- the tables

// A name whose last word (after '_'; in either case) is one of these holds a secret: MY_TOKEN,
// TOKEN, db_password. TOKENIZER and MYTOKEN do not end in such a word.
constexpr std::array<std::string_view, 11> kSecretWords = {
    "TOKEN",  "TOKENS",     "SECRET",     "SECRETS",     "PASSWORD", "PASSWORDS",
    "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "APIKEY"};
// The same, but only behind another word: API_KEY, DB_PASS and GH_PAT, not KEY, MONKEY or PWD.
constexpr std::array<std::string_view, 5> kSecretLastWords = {"JWT", "KEY", "PASS", "PAT", "PWD"};

// Secrets that no last word gives away.
constexpr std::array<std::string_view, 10> kSecretNames = {
    "AWS_ACCESS_KEY_ID",
    "AZURE_STORAGE_CONNECTION_STRING",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
    "CI_REPOSITORY_URL",  // GitLab: with the job's token in it
    "DOCKER_AUTH_CONFIG",
    "NPM_CONFIG__AUTH",
    "PGPASSWORD",
    "REDISCLI_AUTH",
    "SSHPASS",
};

// What leads to the host: its sockets, its service manager, files that steer a CI job's later
// steps, the channel of a sandbox around this one. None of it works inside.
constexpr std::array<std::string_view, 32> kHostNames = {
    "ACTIONS_CACHE_URL",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_RESULTS_URL",
    "ACTIONS_RUNTIME_URL",
    "BUILDKIT_HOST",
    "CONTAINER_HOST",
    "CREDENTIALS_DIRECTORY",
    "DOCKER_HOST",
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
    "GIT_ASKPASS",
    "GNOME_KEYRING_CONTROL",
    "GPG_AGENT_INFO",
    "KUBECONFIG",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "SANDBOX_CHANNEL_FD",
    "SESSION_MANAGER",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SUDO_ASKPASS",
    "VSCODE_GIT_IPC_HANDLE",
    "VSCODE_IPC_HOOK",
    "VSCODE_IPC_HOOK_CLI",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
};
constexpr std::array<std::string_view, 1> kHostPrefixes = {"DBUS_"};

// All that --env=clean lets through, and LC_*.
constexpr std::array<std::string_view, 8> kCleanNames = {"PATH",  "HOME", "USER", "LOGNAME",
                                                         "SHELL", "LANG", "TZ",   "TERM"};

// Names for the folder of temporary files: TMPDIR's value counts for all of them.
constexpr std::array<std::string_view, 4> kTemporaryNames = {"TMPDIR", "TMP", "TEMP", "TEMPDIR"};
constexpr std::string_view kTemporaryFolder = "/tmp";

// --- what the tables say

template <typename Names>
bool lists(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool ends_in_secret_word(std::string_view name) {
  const size_t underscore = name.rfind('_');
  const bool compound = underscore != std::string_view::npos && underscore > 0;
  std::string word{compound ? name.substr(underscore + 1) : name};
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return lists(kSecretWords, word) || (compound && lists(kSecretLastWords, word));
}

bool stays_outside(std::string_view name) {
  return lists(kHostNames, name) || lists(kSecretNames, name) || ends_in_secret_word(name) ||
         std::any_of(kHostPrefixes.begin(), kHostPrefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_clean(std::string_view name) {
  return lists(kCleanNames, name) || name.starts_with("LC_");
}

// --- the making

class Maker {
 public:
  Maker(const Environment& wanted, const EnvironmentFacts& facts)
      : wanted_(wanted), facts_(facts) {}

  TestEnvironment make(const std::vector<std::string>& host) {
    inherit(host);
    filter();
    replace_places();
    for (const std::string& name : wanted_.unset) remove(name);
    for (const auto& [name, value] : wanted_.set) assign(name, value);
    return finish();
  }

 private:
  struct Variable {
    std::string name;
    std::optional<std::string> host;   // its value outside
    std::optional<std::string> value;  // inside
  };

  void inherit(const std::vector<std::string>& host) {
    for (const std::string& entry : host) {
      const size_t equals = entry.find('=');
      if (equals == std::string::npos || equals == 0) continue;
      Variable& variable = at(entry.substr(0, equals));
      variable.host = variable.value = entry.substr(equals + 1);
    }
  }

  void filter() {
    for (Variable& variable : variables_) {
      if (lists(wanted_.keep, variable.name)) continue;
      const bool dirty = wanted_.mode == EnvironmentMode::clean && !is_clean(variable.name);
      if (dirty || stays_outside(variable.name)) variable.value.reset();
    }
  }

  void replace_places() {
    if (!facts_.home.empty()) assign("HOME", facts_.home);
    if (value("XDG_RUNTIME_DIR") && !facts_.runtime_dir.empty()) {
      assign("XDG_RUNTIME_DIR", facts_.runtime_dir);
    }
    const std::optional<std::string> temporary = value("TMPDIR");
    if (temporary && !facts_.tmpdir_usable) replace_temporary(*temporary);
    const std::string inside = value("TMPDIR").value_or("");
    assign("TEST_TMPDIR", inside.empty() ? std::string{kTemporaryFolder} : inside);
    if (facts_.channel_fd >= 0) assign("SANDBOX_CHANNEL_FD", std::to_string(facts_.channel_fd));
  }

  void replace_temporary(const std::string& unusable) {
    for (const std::string_view name : kTemporaryNames) {
      if (value(std::string{name}) == unusable) {
        assign(std::string{name}, std::string{kTemporaryFolder});
      }
    }
  }

  Variable& at(const std::string& name) {
    const auto [found, is_new] = places_.try_emplace(name, variables_.size());
    if (is_new) variables_.push_back({name, std::nullopt, std::nullopt});
    return variables_[found->second];
  }

  std::optional<std::string> value(const std::string& name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::nullopt : variables_[found->second].value;
  }

  void remove(const std::string& name) {
    if (places_.contains(name)) at(name).value.reset();
  }

  void assign(const std::string& name, const std::string& new_value) {
    if (!name.empty() && name.find('=') == std::string::npos) at(name).value = new_value;
  }

  TestEnvironment finish() const {
    TestEnvironment result;
    for (const Variable& variable : variables_) {
      if (variable.value) result.variables.push_back(variable.name + '=' + *variable.value);
      record(variable, result.record);
    }
    return result;
  }

  static void record(const Variable& variable, EnvironmentRecord& record) {
    if (variable.host && !variable.value) record.removed.push_back(variable.name);
    if (!variable.host && variable.value) record.added.push_back(variable.name);
    const bool both = variable.host && variable.value;
    if (both && *variable.host != *variable.value) record.replaced.push_back(variable.name);
  }

  const Environment& wanted_;
  const EnvironmentFacts& facts_;
  std::vector<Variable> variables_;  // in the host's order, then the added ones
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace

TestEnvironment make_environment(const Environment& wanted, const std::vector<std::string>& host,
                                 const EnvironmentFacts& facts) {
  return Maker{wanted, facts}.make(host);
}

}  // namespace sandbox
