// A real folder tree for one test, removed afterwards.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace sandbox::test {

class Tree {
 public:
  Tree() {
    char name[] = "/tmp/tree-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  const std::string& root() const { return root_; }
  std::string at(const std::string& name) const { return root_ + '/' + name; }

  std::string folder(const std::string& name) const {
    std::filesystem::create_directories(at(name));
    return at(name);
  }

  // Missing folders on the way are made too.
  std::string file(const std::string& name, const std::string& content = "",
                   mode_t mode = 0644) const {
    std::filesystem::create_directories(std::filesystem::path{at(name)}.parent_path());
    std::ofstream{at(name), std::ios::binary} << content;
    EXPECT_EQ(::chmod(at(name).c_str(), mode), 0);
    return at(name);
  }

  std::string program(const std::string& name, const std::string& content) const {
    return file(name, content, 0755);
  }

  std::string link(const std::string& name, const std::string& target) const {
    std::filesystem::create_directories(std::filesystem::path{at(name)}.parent_path());
    EXPECT_EQ(::symlink(target.c_str(), at(name).c_str()), 0);
    return at(name);
  }

 private:
  std::string root_;
};

}  // namespace sandbox::test
