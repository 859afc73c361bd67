#include "sandbox/zygote/launch_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "sandbox/proto/control.pb.h"

namespace warder::zygote {

namespace {

// Less than a pipe holds, so that writing never waits.
constexpr std::size_t kMaxReportBytes = 16384;

jail::SetupError Unreadable() {
  return {jail::layer::kZygote, EPROTO, "The zygote was not started by its launcher. Start it through the engine."};
}

}  // namespace

jail::SetupResult<UniqueFd> WriteLaunchReport(const LaunchReport& report) {
  // The message of ZygoteReady carries layers; a permitted one travels as its bare name in front.
  proto::ZygoteReady message;
  message.set_start_mode(std::string(StartModeName(report.start_mode)));
  message.set_profile(std::string(CellProfileName(report.profile)));
  for (const std::string& name : report.log.permitted()) message.add_layers()->set_name(name);
  message.add_layers();
  for (const jail::LayerState& state : report.log.states()) {
    proto::Layer* layer = message.add_layers();
    layer->set_name(state.name);
    layer->set_enforced(state.enforced);
    layer->set_detail(state.detail);
  }
  const std::string bytes = message.SerializeAsString();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return jail::SystemError(jail::layer::kZygote, "pipe2", errno);
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  if (bytes.size() > kMaxReportBytes ||
      write(write_end.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return jail::SystemError(jail::layer::kZygote, "writing the launch report", errno);
  }
  return read_end;
}

jail::SetupResult<LaunchReport> ReadLaunchReport(UniqueFd fd) {
  std::string bytes(kMaxReportBytes, '\0');
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0) return Unreadable();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  proto::ZygoteReady report;
  if (!report.ParseFromString(bytes)) return Unreadable();
  const std::optional<StartMode> mode = FindStartMode(report.start_mode());
  const std::optional<CellProfile> profile = FindCellProfile(report.profile());
  if (!mode || !profile) return Unreadable();
  std::vector<std::string> permitted;
  int at = 0;
  for (; at < report.layers_size() && !report.layers(at).name().empty(); ++at)
    permitted.push_back(report.layers(at).name());
  if (at == report.layers_size()) return Unreadable();
  jail::LayerLog log(std::move(permitted));
  for (++at; at < report.layers_size(); ++at) {
    const proto::Layer& layer = report.layers(at);
    log.Add({layer.name(), layer.enforced(), layer.detail()});
  }
  return LaunchReport{*mode, *profile, std::move(log)};
}

}  // namespace warder::zygote
