#include "sandbox/zygote/seal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <exception>
#include <type_traits>
#include <utility>

#include "sandbox/jail/capabilities.h"
#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/landlock.h"
#include "sandbox/jail/process.h"
#include "sandbox/jail/rlimits.h"
#include "sandbox/jail/root.h"
#include "sandbox/jail/syscall_filter.h"
#include "sandbox/zygote/launch_report.h"

namespace warder::zygote {

namespace {

namespace layer = jail::layer;
using jail::SetupResult;

SetupResult<> RefuseExecGain(jail::LayerLog& log, std::string detail) {
  SetupResult<> done = jail::RefuseExecGain();
  if (!done) return log.Missing(done.error());
  log.Enforced(layer::kMdwe, std::move(detail));
  return {};
}

// Before V8: what only takes away, and what V8 must find as it will stay.
SetupResult<> Prepare(CellProfile profile, jail::LayerLog& log) {
  if (SetupResult<> done = jail::SetDumpable(jail::Dumpable::kNo); !done) return done;
  log.Enforced(layer::kNotDumpable, "");
  if (profile == CellProfile::kJitless) {
    if (SetupResult<> done = RefuseExecGain(log, ""); !done) return done;
  }
  if (SetupResult<std::string> done = jail::RestrictSpeculation(); done) {
    log.Enforced(layer::kSpeculation, *done);
  } else if (SetupResult<> noted = log.Missing(done.error()); !noted) {
    return noted;
  }
  // Otherwise the first use of a date would look for /etc/localtime, and every machine would answer differently.
  if (setenv("TZ", "UTC", 1) != 0)
    return jail::SystemError(layer::kZygote, "setenv", errno);  // NOLINT(concurrency-mt-unsafe)
  tzset();
  return {};
}

// What a hook returns, or what it threw.
template <typename Hook>
SetupResult<std::invoke_result_t<Hook>> Call(const Hook& hook) {
  std::string what = "unknown exception";
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Hook>>) {
      hook();
      return {};
    } else {
      return hook();
    }
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): `what` says it
  }
  return jail::SetupError{layer::kZygote, ECANCELED, "The zygote could not start V8: " + what};
}

SetupResult<> WarmUp(const ZygoteHooks& hooks) { return hooks.warm_up ? Call(hooks.warm_up) : SetupResult<>(); }

std::string DescribeCodeRange() {
  return "all but V8's code range of " + std::to_string(kCodeRangeBytes >> 20) + " MiB, which was made before";
}

SetupResult<> CheckLeftovers() {
  if (!jail::IsSingleThreaded()) {
    return jail::SetupError{layer::kZygote, EBUSY, "The zygote has more than one thread: its start must not make any."};
  }
  for (const int fd : jail::OpenDescriptors()) {
    if (fd == jail::kSocketFd) continue;
    return jail::SetupError{
        layer::kDescriptors, EBUSY,
        "The start of the zygote left descriptor " + std::to_string(fd) + " open; cells would inherit it."};
  }
  return {};
}

SetupResult<> OpenFailurePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_NONBLOCK) != 0) return jail::SystemError(layer::kZygote, "pipe2", errno);
  if (SetupResult<> done = jail::MoveDescriptor(ends[0], jail::kFailureReadFd); !done) return done;
  return jail::MoveDescriptor(ends[1], jail::kFailureWriteFd);
}

SetupResult<> SealLandlock(jail::LayerLog& log, CellTemplate* shape) {
  const SetupResult<int> abi = jail::LandlockAbi();
  if (!abi) return log.Missing(abi.error());
  if (SetupResult<> done = jail::DenyByLandlock(*abi); !done) return log.Missing(done.error());
  shape->landlock_abi = *abi;
  log.Enforced(layer::kLandlock, jail::DescribeLandlock(*abi));
  return {};
}

SetupResult<> Seal(jail::LayerLog& log, CellTemplate* shape) {
  if (SetupResult<> done = CheckLeftovers(); !done) return done;
  if (SetupResult<> done = OpenFailurePipe(); !done) return done;
  log.Enforced(layer::kDescriptors, "");
  if (SetupResult<> done = jail::PivotIntoNothing(); !done) return done;
  log.Enforced(layer::kRoot, "empty, read-only");
  if (SetupResult<> done = jail::DropAllCapabilities(); !done) return done;
  log.Enforced(layer::kCapabilities, "");
  if (SetupResult<> done = SealLandlock(log, shape); !done) return done;
  if (SetupResult<> done = jail::ApplyLimits(jail::ZygoteLimits()); !done) return done;
  log.Enforced(layer::kRlimits, "");
  // Last, so that it need not allow any of the above... and again, since the kernel forgets it when credentials change.
  if (SetupResult<> done = jail::DieWithParent(); !done) return done;
  if (SetupResult<> done = jail::InstallFilter(jail::Profile::kZygote); !done) return done;
  log.Enforced(layer::kSeccomp, "");
  return {};
}

}  // namespace

SetupResult<LaunchReport> PrepareAndSeal(const ZygoteHooks& hooks, std::string* v8_version, CellTemplate* shape) {
  SetupResult<LaunchReport> report = ReadLaunchReport(UniqueFd(jail::kReportFd));
  if (!report) return report;
  const CellProfile profile = report->profile;
  if (profile == CellProfile::kJit && report->start_mode != StartMode::kWarm) {
    return jail::SetupError{layer::kZygote, EINVAL, "The profile jit needs start mode warm."};
  }
  if (hooks.arrange_code) {
    if (SetupResult<> done = Call(hooks.arrange_code); !done) return done.error();
  }
  if (SetupResult<> done = Prepare(profile, report->log); !done) return done.error();
  SetupResult<std::string> version = Call([&] { return hooks.initialise(profile); });
  if (!version) return version.error();
  *v8_version = std::move(*version);
  if (profile == CellProfile::kJit) {
    if (SetupResult<> done = WarmUp(hooks); !done) return done.error();
    // Nothing becomes executable from here on either.
    if (SetupResult<> done = RefuseExecGain(report->log, DescribeCodeRange()); !done) return done.error();
  }
  if (SetupResult<> done = Seal(report->log, shape); !done) return done.error();
  if (profile == CellProfile::kJitless && report->start_mode == StartMode::kWarm) {
    if (SetupResult<> done = WarmUp(hooks); !done) return done.error();
  }
  return report;
}

}  // namespace warder::zygote
