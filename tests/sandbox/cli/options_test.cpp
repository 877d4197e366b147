#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Options : public testing::Test {
 protected:
  Invocation parse(std::vector<std::string> words) {
    words.insert(words.begin(), "sandbox-exec");
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse_options(static_cast<int>(words.size()), argv.data(), world_);
  }
  std::string refused(const std::vector<std::string>& words) {
    return refusal([&] { parse(words); });
  }

  FakeWorld world_;
};

// --- where options end

TEST_F(Options, EndAtTheFirstWordThatIsNone) {
  const auto invocation = parse({"--memory", "2G", "./t", "--memory", "x", "--", "-v"});
  EXPECT_EQ(invocation.action, Request::run);
  EXPECT_THAT(invocation.policy.command, ElementsAre("./t", "--memory", "x", "--", "-v"));
  EXPECT_EQ(invocation.policy.limits.memory, Bytes{2ull << 30});
}

TEST_F(Options, EndAtTwoDashes) {
  EXPECT_THAT(parse({"--quiet", "--", "--odd", "x"}).policy.command, ElementsAre("--odd", "x"));
  EXPECT_THAT(parse({"--", "./t"}).policy.command, ElementsAre("./t"));
  EXPECT_THAT(parse({"--", "--", "t"}).policy.command, ElementsAre("--", "t"));
}

TEST_F(Options, TakeTheirValueAfterABlankOrAnEqualsSign) {
  EXPECT_EQ(parse({"--pids=7", "t"}).policy.limits.pids, 7u);
  EXPECT_EQ(parse({"--pids", "7", "t"}).policy.limits.pids, 7u);
  EXPECT_EQ(parse({"--name=--quiet=x", "t"}).policy.reporting.name, "--quiet=x");
}

TEST_F(Options, LeaveOddProgramNamesAlone) {
  EXPECT_THAT(parse({"-"}).policy.command, ElementsAre("-"));
  EXPECT_THAT(parse({"", "x"}).policy.command, ElementsAre("", "x"));
  EXPECT_THAT(parse({"t", ""}).policy.command, ElementsAre("t", ""));
}

TEST_F(Options, PassBytesThatAreNotUtf8Through) {
  EXPECT_THAT(parse({"--name", "\xff\xfe", "t", "\x80"}).policy.command, ElementsAre("t", "\x80"));
  EXPECT_EQ(parse({"--name", "\xff\xfe", "t"}).policy.reporting.name, "\xff\xfe");
}

TEST_F(Options, TakeAHundredThousandArguments) {
  std::vector<std::string> words(100'000, "--memory");
  words.insert(words.begin(), "./t");
  EXPECT_EQ(parse(words).policy.command.size(), 100'001u);
}

// --- actions

TEST_F(Options, WithoutAProgramGiveNothing) {
  EXPECT_EQ(parse({}).action, Request::nothing);
  EXPECT_EQ(parse({"--quiet"}).action, Request::nothing);
  EXPECT_EQ(parse({"--"}).action, Request::nothing);
  EXPECT_EQ(parse({"--dry-run"}).action, Request::nothing);
}

TEST_F(Options, NameTheAction) {
  EXPECT_EQ(parse({"--dry-run", "t"}).action, Request::dry_run);
  EXPECT_EQ(parse({"--doctor"}).action, Request::doctor);
  EXPECT_EQ(parse({"--doctor=json"}).action, Request::doctor_json);
  EXPECT_EQ(parse({"--doctor", "--dry-run"}).action, Request::doctor);
  EXPECT_EQ(parse({"--version"}).action, Request::version);
  EXPECT_EQ(parse({"--help"}).action, Request::help);
  EXPECT_EQ(parse({"-h"}).action, Request::help);
}

TEST_F(Options, HelpEndsAllQuestions) {
  EXPECT_EQ(parse({"--memory", "junk", "--help", "--nonsense"}).action, Request::help);
  world_.variables["SANDBOX_POLICY"] = "/nowhere";
  EXPECT_EQ(parse({"--help"}).action, Request::help);
  EXPECT_EQ(parse({"--doctor"}).action, Request::doctor);
}

TEST_F(Options, DoctorTakesNoProgram) {
  EXPECT_THAT(refused({"--doctor", "json"}), HasSubstr("hint: write --doctor=json"));
  EXPECT_THAT(refused({"--doctor", "./t"}), HasSubstr("./t follows"));
  EXPECT_THAT(refused({"--doctor=xml"}), HasSubstr("--doctor=xml: --doctor takes only =json"));
}

// --- bad words

TEST_F(Options, AnUnknownOneIsToldWithTheNearest) {
  EXPECT_EQ(refused({"--memroy", "2G", "t"}),
            "unknown option --memroy\nhint: did you mean --memory?");
  EXPECT_EQ(refused({"--memroy=2G", "t"}),
            "unknown option --memroy=2G\nhint: did you mean --memory?");
  EXPECT_EQ(refused({"--ro_bind", "x"}), "unknown option --ro_bind\nhint: did you mean --ro-bind?");
  EXPECT_EQ(refused({"--gtest_filter=x", "t"}),
            "unknown option --gtest_filter=x\n"
            "hint: options of the program come after its name; --help lists ours");
}

TEST_F(Options, ASingleDashIsATypo) {
  EXPECT_EQ(refused({"-memory", "2G", "t"}),
            "unknown option -memory\nhint: did you mean --memory?");
  EXPECT_EQ(refused({"-m", "2G", "t"}), "unknown option -m\nhint: did you mean --memory?");
  EXPECT_THAT(refused({"-hello"}), StartsWith("unknown option -hello"));
  EXPECT_THAT(refused({"-5"}), StartsWith("unknown option -5"));
}

TEST_F(Options, ShortenedNamesAreUnknown) {
  EXPECT_EQ(refused({"--mem", "2G", "t"}), "unknown option --mem\nhint: did you mean --memory?");
  EXPECT_THAT(refused({"--qui", "t"}), StartsWith("unknown option --qui"));
  EXPECT_THAT(refused({"--cpu", "2", "t"}), HasSubstr("did you mean --cpus?"));
}

TEST_F(Options, OddDashesAreHarmless) {
  EXPECT_THAT(refused({"---"}), StartsWith("unknown option ---"));
  EXPECT_THAT(refused({"--=x"}), StartsWith("unknown option --=x"));
  EXPECT_THAT(refused({"---memory=1G"}), HasSubstr("unknown option"));
}

TEST_F(Options, AMissingValueIsTold) {
  EXPECT_EQ(refused({"--memory"}), "--memory wants a value: --memory SIZE");
  EXPECT_THAT(refused({"--memory", "--cpus", "2", "t"}),
              StartsWith("--memory wants a value, and --cpus follows: --memory SIZE"));
  EXPECT_THAT(refused({"--name", "--", "t"}), StartsWith("--name wants a value, and -- follows"));
  EXPECT_THAT(refused({"--memory=", "t"}), StartsWith("--memory \"\": an empty word"));
}

TEST_F(Options, AValueTooManyIsTold) {
  EXPECT_EQ(refused({"--quiet=yes", "t"}), "--quiet=yes: --quiet takes no value");
  EXPECT_EQ(refused({"--help=x"}), "--help=x: --help takes no value");
}

TEST_F(Options, BadValuesAreToldAllAtOnceInTheUsersWords) {
  EXPECT_EQ(refused({"--memory", "256", "--cpus", "1e9", "--uid", "-1", "t"}),
            "--memory 256: a number without a unit is bytes, and this is too small for any program "
            "(did you mean 256M?)\n"
            "--cpus 1e9: not a number of CPUs: e9 follows it (CPUs are written 2, 1.5, 0.25)\n"
            "--uid -1: not a whole number: it must not be negative");
}

TEST_F(Options, OfARepeatedOneTheLastWins) {
  EXPECT_EQ(parse({"--memory", "1G", "--memory", "2G", "t"}).policy.limits.memory,
            Bytes{2ull << 30});
  EXPECT_EQ(parse({"--bind", "out", "--bind", "data", "t"}).policy.mounts.size(), 2u);
}

TEST_F(Options, BadOnesExitWith125AndBringWhatWasUnderstood) {
  try {
    parse({"--report", "r.json", "--ctest", "--memory", "junk", "./t"});
    FAIL();
  } catch (const BadOptions& error) {
    EXPECT_EQ(error.exit_code(), 125);
    EXPECT_TRUE(error.understood().policy.reporting.ctest);
    EXPECT_EQ(error.understood().policy.reporting.report, "/home/u/proj/r.json");
    EXPECT_THAT(error.understood().policy.command, ElementsAre("./t"));
  }
}

TEST_F(Options, BindInTwoWordsIsExplained) {
  EXPECT_EQ(refused({"--bind", "out", "/usr", "./t"}),
            "--bind out /usr: the program would be /usr, which is none\n"
            "hint: SRC and DST are one word: --bind out:/usr");
  EXPECT_THAT(refused({"--ro-bind=data", "/usr", "t"}), HasSubstr("--ro-bind data:/usr"));
  EXPECT_THAT(refused({"--ro-bind", "data", "dst", "./t"}), HasSubstr("--ro-bind data:dst"));
}

TEST_F(Options, BindBeforeAProgramIsFine) {
  world_.files["/usr/bin/t"] = {FileKind::file, 0, 0};
  EXPECT_THAT(parse({"--bind", "out", "/usr/bin/t"}).policy.command, ElementsAre("/usr/bin/t"));
  world_.variables["PATH"] = "/bin:/usr/bin";
  EXPECT_THAT(parse({"--bind", "out", "t", "x"}).policy.command, ElementsAre("t", "x"));
  EXPECT_THAT(parse({"--bind", "out:/x", "/usr"}).policy.command, ElementsAre("/usr"));
  EXPECT_THAT(parse({"--bind", "out", "--", "/usr"}).policy.command, ElementsAre("/usr"));
}

// Whether it is found is told later, with exit 127.
TEST_F(Options, BindBeforeAMistypedProgramIsFine) {
  EXPECT_THAT(parse({"--bind", "out", "tset"}).policy.command, ElementsAre("tset"));
  EXPECT_THAT(parse({"--bind", "out", "tset", "--x"}).policy.command, ElementsAre("tset", "--x"));
  EXPECT_THAT(parse({"--bind", "out", "./tset", "x"}).policy.command, ElementsAre("./tset", "x"));
}

TEST_F(Options, WithoutACwdOnlyRelativePathsFail) {
  world_.directory = "";
  EXPECT_EQ(parse({"--memory", "1G", "--ro-bind", "/usr", "t"}).policy.mounts.size(), 1u);
  EXPECT_EQ(refused({"--ro-bind", "data", "t"}),
            "--ro-bind data: a relative path, and the current directory no longer exists");
}

// --- policy files

TEST_F(Options, WinOverPolicyFiles) {
  world_.texts["/home/u/proj/a.json"] = R"({"memory": "1G", "timeout": 5, "unsetenv": ["A"]})";
  world_.texts["/home/u/proj/b.json"] = R"({"timeout": 6})";
  const auto policy =
      parse({"--memory", "2G", "--policy", "a.json", "--setenv", "A=1", "--policy", "b.json", "t"})
          .policy;
  EXPECT_EQ(policy.limits.memory, Bytes{2ull << 30});
  EXPECT_EQ(policy.limits.timeout, std::chrono::seconds(6));
  EXPECT_THAT(policy.environment.unset, IsEmpty());
  EXPECT_THAT(policy.policy_files, ElementsAre("/home/u/proj/a.json", "/home/u/proj/b.json"));
}

TEST_F(Options, AnEnvFileWinsOverAPolicyFileButNotOverSetenv) {
  world_.texts["/home/u/proj/p.json"] = R"({"setenv": ["A=policy", "B=policy"]})";
  world_.texts["/home/u/proj/e"] = "A=file\nB=file\n";
  const auto policy =
      parse({"--setenv", "B=flag", "--env-file", "e", "--policy", "p.json", "t"}).policy;
  EXPECT_THAT(policy.environment.set, testing::UnorderedElementsAre(testing::Pair("A", "file"),
                                                                    testing::Pair("B", "flag")));
}

TEST_F(Options, TheFileFoundByItselfIsReadFirst) {
  world_.files["/home/u/proj/.git"] = {FileKind::directory, 0, 1000};
  world_.files["/home/u/proj/.sandbox.json"] = {FileKind::file, 0, 1000};
  world_.texts["/home/u/proj/.sandbox.json"] = R"({"timeout": 5, "pids": 9})";
  world_.texts["/home/u/proj/a.json"] = R"({"timeout": 6})";
  const auto policy = parse({"--policy", "a.json", "t"}).policy;
  EXPECT_EQ(policy.limits.timeout, std::chrono::seconds(6));
  EXPECT_EQ(policy.limits.pids, 9u);
  EXPECT_THAT(policy.policy_files,
              ElementsAre("/home/u/proj/.sandbox.json", "/home/u/proj/a.json"));
}

TEST_F(Options, ProblemsOfFilesAndFlagsAreToldTogether) {
  world_.texts["/home/u/proj/a.json"] = "{\n\"memroy\": 1}";
  EXPECT_EQ(refused({"--policy", "a.json", "--policy", "b.json", "--policy=", "--pids", "0", "t"}),
            "a.json:2: /memroy: unknown key; did you mean memory?\n"
            "cannot read the policy file b.json: ENOENT\n"
            "--policy \"\": an empty path\n"
            "--pids 0: too small: the least is 1");
}

TEST_F(Options, AllowNamesAreThoseOfTheFilter) {
  const CommandWorld world;
  EXPECT_THAT(world.allow_names(), testing::Contains("userns"));
}

TEST_F(Options, RandomWordsGiveAnInvocationOrAnError) {
  std::mt19937 random{7};
  const std::vector<std::string> some{"--memory", "--quiet", "--bind",  "--",   "-h1", "-",  "--=",
                                      "2G",       "--x",     "--tmpfs", "a:b:", "=",   "--d"};
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::string> words(random() % 5);
    for (std::string& word : words) {
      word = some[random() % some.size()];
      if (random() % 3 == 0) word += static_cast<char>(1 + random() % 255);
    }
    refused(words);
  }
}

}  // namespace
}  // namespace sandbox
