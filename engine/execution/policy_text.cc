#include "engine/broker/request_headers.h"
#include "sandbox/jail/syscall_table.h"
#include "warder/engine.h"

namespace warder {

PolicyText DescribePolicy() {
  PolicyText text;
  for (const jail::SyscallRule& rule : jail::SyscallTable(jail::Profile::kCell)) {
    text.syscalls.push_back({jail::SyscallName(rule.number), jail::DescribeConditions(rule), jail::DescribeAnswer(rule),
                             std::string(rule.reason)});
  }
  for (const broker::HeaderRule& rule : broker::RefusedHeaders()) {
    text.headers.push_back({std::string(rule.name), "", "refused", std::string(rule.reason)});
  }
  return text;
}

}  // namespace warder
