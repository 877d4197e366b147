#include "launch/outputs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sys/error.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

// What root makes on behalf of the project's owner is made as that owner: it may then be written
// and removed by them, and a symlink they planted leads nowhere that they may not go themselves.
class AsOwner {
 public:
  explicit AsOwner(const Plan& plan) {
    const Identity& id = plan.identity;
    if (!plan.parent_detaches || id.id_mapped || id.host_root) return;
    ::prctl(PR_GET_PDEATHSIG, &parent_death_);
    ::setfsgid(id.gid_outside);
    ::setfsuid(id.uid_outside);
  }
  AsOwner(const AsOwner&) = delete;
  AsOwner& operator=(const AsOwner&) = delete;
  ~AsOwner() {
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
    if (parent_death_ == 0) return;
    ::prctl(PR_SET_PDEATHSIG, parent_death_);  // setfsuid(2) has cleared it
    if (::getppid() != parent_) ::raise(parent_death_);
  }

 private:
  const pid_t parent_ = ::getppid();
  int parent_death_ = 0;
};

void create_folder(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string prefix = folder.substr(0, end);
    if (::mkdir(prefix.c_str(), 0777) < 0 && errno != EEXIST) {
      throw Error{"cannot make the declared output folder " + folder, errno};
    }
    if (end == std::string::npos) return;
  }
}

int try_to_create(const std::string& file) {
  const UniqueFd made{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  return made || errno == EEXIST ? 0 : errno;
}

void create_file(const std::string& file) {
  int error = try_to_create(file);
  if (error == ENOENT) {  // as GoogleTest, which makes the folders on the way
    create_folder(file.substr(0, file.rfind('/')));
    error = try_to_create(file);
  }
  if (error) throw Error{"cannot make the declared output " + file, error};
}

}  // namespace

void create_outputs(const Plan& plan) {
  const AsOwner owner{plan};
  for (const std::string& folder : plan.folders_to_create) create_folder(folder);
  for (const std::string& file : plan.outputs_to_create) create_file(file);
}

void give_pipes_to_test(const Plan& plan) {
  if (plan.identity.uid_outside == ::geteuid()) return;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct statfs fs {};
    if (::fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC) continue;
    (void)!::fchown(fd, plan.identity.uid_outside, plan.identity.gid_outside);
  }
}

}  // namespace sandbox
