// Does something in processes of their own: what two of them do at once, and what is left when one dies.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <vector>

namespace warder::store {

// How a child that ran `work` ended, as waitpid says. Every failed expectation in it is exit code 1.
inline pid_t StartChild(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  work();
  ::_exit(testing::Test::HasFailure() ? 1 : 0);
}

inline int Wait(pid_t child) {
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// All at once; each is given its number.
inline void InChildren(int count, const std::function<void(int)>& work) {
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) children.push_back(StartChild([&, i] { work(i); }));
  for (const pid_t child : children) EXPECT_EQ(Wait(child), 0);
}

}  // namespace warder::store
