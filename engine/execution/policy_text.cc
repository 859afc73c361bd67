#include "engine/execution/policy_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "engine/base/text.h"
#include "engine/broker/request_headers.h"
#include "sandbox/jail/rlimits.h"
#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/syscall_table.h"
#include "sandbox/zygote/cell_profile.h"
#include "warder/engine.h"

namespace warder {

PolicyText DescribePolicy() {
  PolicyText text;
  for (const jail::SyscallRule& rule : jail::SyscallTable(jail::Profile::kCell)) {
    text.syscalls.push_back({jail::SyscallName(rule.number), jail::DescribeConditions(rule), jail::DescribeAnswer(rule),
                             std::string(rule.reason)});
  }
  text.syscalls.push_back(
      {"any other", "any arguments", "ends the cell", "no row allows it; the verdict names the call"});
  text.syscalls.push_back({"any of another ABI", "int 0x80, x32", "ends the cell", "the rows are those of x86-64"});
  text.profiles = {
      {CellProfileName(CellProfile::kJitless), "those above",
       "the program and its libraries, nothing of it writable; PROT_EXEC ends the cell", "every execution"},
      {CellProfileName(CellProfile::kJit), "those above",
       "V8's code range too: " + std::to_string(zygote::kCodeRangeBytes >> 20) +
           " MiB, writable and executable, made in the zygote before MDWE and its filter; PROT_EXEC ends the cell",
       "a flow that asks for it where the platform grants it"},
  };
  for (const broker::HeaderRule& rule : broker::RefusedHeaders()) {
    text.headers.push_back({std::string(rule.name), "", "refused", std::string(rule.reason)});
  }
  return text;
}

}  // namespace warder

namespace warder::execution {
namespace {

const char* RequirementName(jail::Requirement requirement) {
  switch (requirement) {
    case jail::Requirement::kRequired:
      return "required";
    case jail::Requirement::kDegradable:
      return "degradable";
    case jail::Requirement::kOptional:
      break;
  }
  return "optional";
}

std::string FilterBytes() {
  const auto filter = std::as_bytes(jail::Filter(jail::Profile::kCell));
  return {reinterpret_cast<const char*>(filter.data()), filter.size()};
}

// What is the same for every execution of this build.
std::string MakeConstantPart() {
  std::string text = "warder policy 1\n";
  const PolicyText tables = DescribePolicy();
  for (const auto& row : tables.syscalls) text += "syscall " + row.name + " | " + row.rule + " | " + row.answer + "\n";
  text += "filter " + HexOf(FilterBytes()) + "\n";
  for (const auto& row : tables.headers) text += "header " + row.name + "\n";
  for (const jail::LayerInfo& layer : jail::Layers()) {
    text += "layer " + std::string(layer.name) + " " + RequirementName(layer.requirement) + "\n";
  }
  for (const jail::Limit& limit : jail::CellLimits()) {
    text += "rlimit " + std::string(limit.name) + " " + std::to_string(limit.value) + "\n";
  }
  return text;
}

}  // namespace

std::string CanonicalPolicy(const Limits& limits, CellProfile profile, const zygote::CellLimits& cell,
                            const broker::Capabilities& egress, std::span<const std::string> permit_degraded) {
  static const std::string constant = MakeConstantPart();
  std::string text = constant;
  for (const jail::Limit& limit : jail::MemoryAndCpuLimits(cell.data_bytes, cell.cpu_seconds)) {
    text += "rlimit " + std::string(limit.name) + " " + std::to_string(limit.value) + "\n";
  }
  for (const LimitSpec& spec : LimitTable()) {
    text += "limit " + std::string(spec.name) + " " + std::to_string(limits.*(spec.value)) + "\n";
  }
  text += broker::PrintPolicy(egress.plain()->policy());
  std::map<std::string, std::string> connections;
  for (const auto& grant : egress.connections()) connections[grant->name()] = grant->connection()->policy_sha256();
  for (const auto& [name, sha256] : connections) text += "connection " + name + " " + sha256 + "\n";
  for (const std::string& layer : std::set<std::string>(permit_degraded.begin(), permit_degraded.end())) {
    text += "permit " + layer + "\n";
  }
  if (profile != CellProfile::kJitless) text += std::string("profile ") + CellProfileName(profile) + "\n";
  return text;
}

}  // namespace warder::execution
