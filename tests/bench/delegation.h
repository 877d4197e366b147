// Lets an ordinary user make groups, as a login session or an administrator would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

// Groups that belong to `uid`, beneath the caller's own: one a v1 hierarchy. On v2 none is made:
// the caller's group is used as it is. Root only. They are removed with the object, once the
// process that joined is gone.
class Delegation {
 public:
  explicit Delegation(uid_t uid);
  Delegation(const Delegation&) = delete;
  Delegation& operator=(const Delegation&) = delete;
  ~Delegation();

  // Moves the calling process into them, and makes it `uid`'s.
  void join() const;

 private:
  uid_t uid_;
  std::vector<std::string> directories_;
};

}  // namespace bench
