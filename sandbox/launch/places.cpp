#include "launch/places.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "sys/error.h"

namespace sandbox {

using child::Op;

Places::Places(const Plan& plan) {
  for (const Step& step : plan.init) {
    switch (step.op) {
      case Op::bind_path:
        add(step.text, true);
        add(step.text2, false);
        break;
      case Op::bind_inside:
        add(step.text2, false);
        break;
      case Op::tmpfs:
      case Op::proc:
      case Op::sysfs:
      case Op::devpts:
        add(step.text, false);
        break;
      default:
        break;
    }
  }
}

// A place that is made inside need not be on the host.
void Places::add(const std::string& path, bool must_exist) {
  const auto same = [&](const Place& place) { return place.path == path; };
  if (std::ranges::any_of(places_, same)) return;
  Place place{path, {}, UniqueFd{::open(path.c_str(), O_PATH | O_CLOEXEC)}};
  if (!place.held && (errno == EMFILE || errno == ENFILE))
    throw Error{"cannot hold " + path, errno};
  place.seen = look_at(place.held.get());
  missing_ = missing_ || (must_exist && !place.seen.exists);
  places_.push_back(std::move(place));
}

bool Places::are_the_same() const {
  return !missing_ && std::ranges::all_of(places_, [](const Place& place) {
    return look_at(place.path) == place.seen;
  });
}

}  // namespace sandbox
