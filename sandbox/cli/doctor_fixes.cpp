#include "cli/doctor_fixes.h"

#include <algorithm>

namespace sandbox {
namespace {

Fix at(Where where, std::string text) {
  return {where_name(where), std::move(text)};
}

constexpr const char* kUnconfined =
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined";

constexpr const char* kPrivilegedRunner =
    "the runner's config.toml, [runners.docker]: privileged = true";

}  // namespace

const char* where_name(Where where) {
  switch (where) {
    case Where::github_actions:
      return "GitHub Actions";
    case Where::gitlab:
      return "GitLab";
    case Where::docker:
      return "Docker";
    case Where::podman:
      return "Podman";
    case Where::laptop:
      return "laptop";
  }
  return "";
}

std::vector<Fix> newer_kernel_fixes() {
  return {at(Where::github_actions, "runs-on: ubuntu-22.04 or later"),
          at(Where::gitlab, "a runner on Linux 5.12 or later"),
          at(Where::docker, "the kernel is the host's: update the host"),
          at(Where::podman, "the kernel is the host's: update the host"),
          at(Where::laptop, "Debian 12, Ubuntu 22.04 or any later")};
}

std::vector<Fix> sysctl_fixes(const std::string& setting) {
  const std::string now = "sudo sysctl -w " + setting;
  const std::string on_the_host = "on the host, not in the container: " + now;
  return {at(Where::github_actions, "a step before the tests: run: " + now),
          at(Where::gitlab, "on the runner's host: " + now), at(Where::docker, on_the_host),
          at(Where::podman, on_the_host),
          at(Where::laptop, "echo " + setting +
                                " | sudo tee /etc/sysctl.d/60-sandbox-exec.conf && sudo sysctl "
                                "--system")};
}

std::vector<Fix> apparmor_fixes() {
  auto fixes = sysctl_fixes("kernel.apparmor_restrict_unprivileged_userns=0");
  fixes.push_back(at(Where::laptop,
                     "or for sandbox-exec alone: /etc/apparmor.d/sandbox-exec with "
                     "'abi <abi/4.0>, profile sandbox-exec /usr/bin/sandbox-exec "
                     "flags=(unconfined) { userns, }' (its own path), then sudo apparmor_parser -r "
                     "/etc/apparmor.d/sandbox-exec"));
  fixes.push_back(at(Where::laptop, "or: sudo sandbox-exec ..."));
  return fixes;
}

std::vector<Fix> container_fixes() {
  return {at(Where::github_actions, std::string{"container: options: "} + kUnconfined),
          at(Where::gitlab, kPrivilegedRunner),
          at(Where::docker, std::string{"docker run "} + kUnconfined + " ..."),
          at(Where::podman,
             "podman run --security-opt seccomp=unconfined "
             "--security-opt unmask=ALL ..."),
          at(Where::laptop, "run it outside the container or chroot")};
}

std::vector<Fix> group_fixes(const HostFacts& facts, const std::string& here) {
  const char* scope = facts.uid == 0
                          ? "systemd-run --scope -p Delegate=yes -- sandbox-exec ..."
                          : "systemd-run --user --scope -p Delegate=yes -- sandbox-exec ...";
  std::vector<Fix> fixes;
  if (!here.empty()) fixes.push_back({"here", here});
  fixes.push_back(at(Where::github_actions, "sudo -E env \"PATH=$PATH\" sandbox-exec ..."));
  fixes.push_back(at(Where::gitlab, std::string{"shell executor: systemctl edit gitlab-runner: "
                                                "[Service] Delegate=yes; docker executor: "} +
                                        kPrivilegedRunner));
  fixes.push_back(at(Where::docker,
                     "docker run --privileged ..., or from Docker 28 on "
                     "docker run --security-opt writable-cgroups=true ..."));
  fixes.push_back(at(Where::podman, "podman run --security-opt unmask=/sys/fs/cgroup ..."));
  fixes.push_back(at(Where::laptop, facts.v1 ? "sudo sandbox-exec ..." : scope));
  return fixes;
}

std::vector<Fix> swap_fixes() {
  return {at(Where::github_actions, "a step before the tests: run: sudo swapoff -a"),
          at(Where::gitlab, "on the runner's host: sudo swapoff -a"),
          at(Where::docker, "on the host: sudo swapoff -a"),
          at(Where::podman, "on the host: sudo swapoff -a"),
          at(Where::laptop, "boot with swapaccount=1, or sudo swapoff -a")};
}

std::vector<Fix> id_map_fixes() {
  const std::string volume =
      " run -v \"$PWD:$PWD\" -w \"$PWD\" ...: a volume lies on the host's own file system";
  return {at(Where::github_actions, "without container:, and without sudo"),
          at(Where::gitlab, "the runner's config.toml, [runners.docker]: volumes = [\"/builds\"]"),
          at(Where::docker, "docker" + volume), at(Where::podman, "podman" + volume),
          at(Where::laptop, "without sudo, or the project on ext4, xfs, btrfs")};
}

std::vector<Fix> sorted(std::vector<Fix> fixes, const std::vector<Where>& where) {
  const auto concerns_us = [&](const Fix& fix) {
    return fix.where == "here" ||
           std::ranges::any_of(where, [&](Where one) { return fix.where == where_name(one); });
  };
  std::stable_partition(fixes.begin(), fixes.end(), concerns_us);
  return fixes;
}

}  // namespace sandbox
