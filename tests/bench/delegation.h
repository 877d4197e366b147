// Lets an ordinary user make groups, as a login session or an administrator would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

// Groups that belong to `uid`: beneath the caller's own, one a v1 hierarchy; on v2 one beside it,
// with a leaf for the process that joins. Root only. Throws std::system_error. They are removed
// with the object, once the process that joined is gone.
class Delegation {
 public:
  explicit Delegation(uid_t uid);
  Delegation(const Delegation&) = delete;
  Delegation& operator=(const Delegation&) = delete;
  ~Delegation();

  // Moves the calling process into them, and makes it `uid`'s.
  void join() const;

 private:
  void make_group(const std::string& directory);

  uid_t uid_;
  std::vector<std::string> directories_;
  std::vector<std::string> doors_;  // the files to join by
};

}  // namespace bench
