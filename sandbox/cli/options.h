// The command line → what to do and the Policy to do it with.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/policy.h"
#include "policy/world.h"
#include "sys/error.h"

namespace sandbox {

enum class Request { run, dry_run, diagnose, doctor, doctor_json, version, help, nothing };

struct Invocation {
  Policy policy{};
  Request action = Request::run;
  std::vector<std::string> option_words{};  // all before the program, as they came
};

// What parse_options throws. It brings along what could be understood, so that this end too is told
// as the caller wants it: --report, --ctest, --quiet.
class BadOptions : public Error {
 public:
  BadOptions(const Error& error, Invocation understood)
      : Error(error), understood_(std::move(understood)) {}
  const Invocation& understood() const { return understood_; }

 private:
  Invocation understood_;
};

// The host, with the names that --allow takes in this build.
class CommandWorld : public HostWorld {
 public:
  std::vector<std::string_view> allow_names() const override;
};

// Options end at the first word that is not one; "--" before it is optional. Policy files first
// (the one that is found by itself, then each --policy), flags over them. `nothing` when there is
// no program to run. Throws BadOptions (exit 125) with every problem, in the user's own words.
Invocation parse_options(int argc, char* const* argv, const World& world);

std::string help_text();
// Three lines, for `nothing`.
std::string usage_text();

}  // namespace sandbox
