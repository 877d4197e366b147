#include "plan/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

TestEnvironment inherit(const std::vector<std::string>& host, const EnvironmentFacts& facts = {}) {
  return make_environment({}, host, facts);
}

bool stays(const std::string& name) {
  const auto variables = inherit({name + "=x"}).variables;
  return std::find(variables.begin(), variables.end(), name + "=x") != variables.end();
}

TEST(Environment, SecretsStayOutside) {
  for (const char* name : {"TOKEN",
                           "MY_TOKEN",
                           "GITHUB_TOKEN",
                           "NPM_TOKEN",
                           "NODE_AUTH_TOKEN",
                           "CI_JOB_TOKEN",
                           "ACTIONS_RUNTIME_TOKEN",
                           "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                           "VAULT_TOKEN",
                           "npm_config_token",
                           "SECRET",
                           "CLIENT_SECRET",
                           "AZURE_CLIENT_SECRET",
                           "PASSWORD",
                           "DB_PASSWORD",
                           "db_password",
                           "CI_REGISTRY_PASSWORD",
                           "ROOT_PASSWD",
                           "GPG_PASSPHRASE",
                           "GOOGLE_APPLICATION_CREDENTIALS",
                           "API_KEY",
                           "OPENAI_API_KEY",
                           "AWS_SECRET_ACCESS_KEY",
                           "SSH_PRIVATE_KEY",
                           "AWS_ACCESS_KEY_ID",
                           "AWS_SESSION_TOKEN",
                           "PGPASSWORD",
                           "MYSQL_PWD",
                           "GH_PAT",
                           "AZURE_DEVOPS_EXT_PAT",
                           "DB_PASS",
                           "smtp_pass",
                           "CI_JOB_JWT",
                           "CI_JOB_JWT_V2",
                           "CI_REPOSITORY_URL",
                           "DOCKER_AUTH_CONFIG"}) {
    EXPECT_FALSE(stays(name)) << name;
  }
}

TEST(Environment, WhatLeadsToTheHostStaysOutside) {
  for (const char* name :
       {"SSH_AUTH_SOCK", "SSH_AGENT_PID", "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS",
        "DOCKER_HOST", "GPG_AGENT_INFO", "GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH",
        "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "ACTIONS_RUNTIME_URL", "ACTIONS_CACHE_URL",
        "ACTIONS_ID_TOKEN_REQUEST_URL", "NOTIFY_SOCKET", "LISTEN_FDS", "SANDBOX_CHANNEL_FD"}) {
    EXPECT_FALSE(stays(name)) << name;
  }
}

TEST(Environment, WhatOnlyLooksLikeASecretStays) {
  for (const char* name : {"TOKENIZER",
                           "MYTOKEN",
                           "TOKEN_COUNT",
                           "KEYBOARD",
                           "MONKEY",
                           "KEY",
                           "_KEY",
                           "KEY_FILE",
                           "PASSWORD_LENGTH",
                           "PASS",
                           "PAT",
                           "BYPASS",
                           "ALL_PASSES",
                           "SECRETARY",
                           "PATH",
                           "XAUTHORITY",
                           "DISPLAY",
                           "WAYLAND_DISPLAY",
                           "GIT_AUTHOR_NAME",
                           "GIT_AUTHOR_EMAIL",
                           "CI",
                           "GITHUB_ACTIONS",
                           "GITHUB_WORKSPACE",
                           "GITHUB_SHA",
                           "RUNNER_TEMP",
                           "PWD",
                           "OLDPWD",
                           "HOME",
                           "USER",
                           "TERM",
                           "LANG",
                           "LD_LIBRARY_PATH",
                           "GTEST_FILTER",
                           "ASAN_OPTIONS",
                           "SOURCE_DATE_EPOCH",
                           "DBUSX",
                           "BASH_FUNC_f%%"}) {
    EXPECT_TRUE(stays(name)) << name;
  }
}

TEST(Environment, TheReportNamesWhatWasRemovedAndNeverItsValue) {
  const TestEnvironment made = inherit({"A=1", "MY_TOKEN=hunter2", "SSH_AUTH_SOCK=/run/x"});
  EXPECT_THAT(made.record.removed, ElementsAre("MY_TOKEN", "SSH_AUTH_SOCK"));
  EXPECT_THAT(made.record.added, ElementsAre("TEST_TMPDIR"));
  EXPECT_THAT(made.record.replaced, IsEmpty());
}

TEST(Environment, KeepsTheHostsOrderAndAddsAtTheEnd) {
  EXPECT_THAT(inherit({"Z=1", "MY_TOKEN=x", "A=2"}).variables,
              ElementsAre("Z=1", "A=2", "TEST_TMPDIR=/tmp"));
}

TEST(Environment, DropsWhatIsNoVariableAndTakesTheLastOfTwo) {
  EXPECT_THAT(inherit({"nonsense", "=x", "A=1", "B=", "A=a=b"}).variables,
              ElementsAre("A=a=b", "B=", "TEST_TMPDIR=/tmp"));
}

TEST(Environment, PassesBytesThatAreNoUtf8) {
  EXPECT_THAT(inherit({"A=\xff\xfe"}).variables, Contains("A=\xff\xfe"));
}

TEST(Environment, CleanLetsOnlyAFewThrough) {
  const Environment clean{EnvironmentMode::clean, {}, {}, {}};
  const TestEnvironment made = make_environment(
      clean,
      {"PATH=/bin", "HOME=/h", "USER=u", "LOGNAME=u", "SHELL=/bin/sh", "LANG=C", "LC_ALL=C",
       "TZ=UTC", "TERM=xterm", "CI=1", "LD_LIBRARY_PATH=/x", "TMPDIR=/x"},
      {});
  EXPECT_THAT(made.variables,
              ElementsAre("PATH=/bin", "HOME=/h", "USER=u", "LOGNAME=u", "SHELL=/bin/sh", "LANG=C",
                          "LC_ALL=C", "TZ=UTC", "TERM=xterm", "TEST_TMPDIR=/tmp"));
  EXPECT_THAT(made.record.removed, UnorderedElementsAre("CI", "LD_LIBRARY_PATH", "TMPDIR"));
}

TEST(Environment, KeepWinsOverTheFilterAndOverClean) {
  for (const EnvironmentMode mode : {EnvironmentMode::inherit, EnvironmentMode::clean}) {
    const TestEnvironment made = make_environment({mode, {"MY_TOKEN", "CI"}, {}, {}},
                                                  {"MY_TOKEN=x", "CI=1", "OTHER_TOKEN=y"}, {});
    EXPECT_THAT(made.variables, ElementsAre("MY_TOKEN=x", "CI=1", "TEST_TMPDIR=/tmp"));
    EXPECT_THAT(made.record.removed, ElementsAre("OTHER_TOKEN"));
  }
}

TEST(Environment, SetAndUnsetWinOverEverything) {
  Environment wanted;
  wanted.unset = {"A", "TEST_TMPDIR", "B", "MISSING"};
  wanted.set = {{"B", "1"}, {"MY_TOKEN", "given"}, {"NEW", "1"}, {"NEW", "2"},
                {"", "x"},  {"C=D", "x"}};
  const TestEnvironment made = make_environment(wanted, {"A=1", "B=0", "MY_TOKEN=secret"}, {});
  EXPECT_THAT(made.variables, ElementsAre("B=1", "MY_TOKEN=given", "NEW=2"));
  EXPECT_THAT(made.record.removed, ElementsAre("A"));
  EXPECT_THAT(made.record.replaced, ElementsAre("B", "MY_TOKEN"));
  EXPECT_THAT(made.record.added, ElementsAre("NEW"));
}

TEST(Environment, TheRuntimeFolderIsReplacedNotAdded) {
  EnvironmentFacts facts;
  facts.runtime_dir = "/run/user/1000";
  const TestEnvironment made = inherit({"XDG_RUNTIME_DIR=/run/user/0"}, facts);
  EXPECT_THAT(made.variables, Contains("XDG_RUNTIME_DIR=/run/user/1000"));
  EXPECT_THAT(made.record.replaced, ElementsAre("XDG_RUNTIME_DIR"));
  EXPECT_THAT(inherit({"A=1"}, facts).variables, ElementsAre("A=1", "TEST_TMPDIR=/tmp"));
}

TEST(Environment, AnUnusableTmpdirIsReplacedUnderAllItsNames) {
  EnvironmentFacts facts;
  facts.tmpdir_usable = false;
  EXPECT_THAT(inherit({"TMPDIR=/mnt/t", "TMP=/mnt/t", "TEMP=/other"}, facts).variables,
              ElementsAre("TMPDIR=/tmp", "TMP=/tmp", "TEMP=/other", "TEST_TMPDIR=/tmp"));
  EXPECT_THAT(inherit({"TMP=/mnt/t"}, facts).variables,
              ElementsAre("TMP=/mnt/t", "TEST_TMPDIR=/tmp"));
}

TEST(Environment, TestTmpdirIsTheInsidesTmpdir) {
  EXPECT_THAT(inherit({"TMPDIR=/var/tmp"}).variables, Contains("TEST_TMPDIR=/var/tmp"));
  const TestEnvironment made = inherit({"TEST_TMPDIR=/host/only"});
  EXPECT_THAT(made.variables, ElementsAre("TEST_TMPDIR=/tmp"));
  EXPECT_THAT(made.record.replaced, ElementsAre("TEST_TMPDIR"));
}

TEST(Environment, HomeInsideIsSetWhereItDiffers) {
  EnvironmentFacts facts;
  facts.home = "/tmp";
  EXPECT_THAT(inherit({"HOME=/nonexistent"}, facts).record.replaced, ElementsAre("HOME"));
  EXPECT_THAT(inherit({}, facts).record.added, UnorderedElementsAre("HOME", "TEST_TMPDIR"));
  facts.home = "/home/u";
  EXPECT_THAT(inherit({"HOME=/home/u"}, facts).record.replaced, IsEmpty());
}

}  // namespace
}  // namespace sandbox
