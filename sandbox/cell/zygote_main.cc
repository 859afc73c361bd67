// /zygote in the image: V8 comes up, then the fork server takes over. Compiled twice: WARDER_HOSTILE adds what the
// hostile tests attack the jail with, and goes into an image of its own.
#include <memory>

#include "sandbox/cell/cell.h"
#ifdef WARDER_HOSTILE
#include "sandbox/cell/hostile.h"
#endif
#include "sandbox/cell/ending.h"
#include "sandbox/cell/large_text.h"
#include "sandbox/cell/limit_guards.h"
#include "sandbox/zygote/fork_server.h"

namespace {

#ifdef WARDER_HOSTILE
constexpr auto kExtension = warder::cell::ExposeSystemCalls;
#else
constexpr warder::cell::PristineCell::Extension kExtension = nullptr;
#endif

const char* SnapshotFor(warder::zygote::CellProfile profile) {
  return profile == warder::zygote::CellProfile::kJit ? "/snapshot-jit.bin" : "/snapshot.bin";
}

}  // namespace

int main() {
  std::unique_ptr<warder::cell::CellProgram> program;
  warder::zygote::ZygoteHooks hooks;
  hooks.arrange_code = warder::cell::MoveV8ToLargePages;
  hooks.initialise = [&program](warder::zygote::CellProfile profile) {
    program = std::make_unique<warder::cell::CellProgram>(SnapshotFor(profile), profile, kExtension);
    return program->v8_version();
  };
  hooks.warm_up = [&program] { program->WarmUp(); };
  hooks.run_cell = [&program](warder::zygote::CellContext& context) -> int { program->Run(context); };
  hooks.on_soft_limit = warder::cell::OnSoftLimit;
  hooks.on_violation = warder::cell::SayWhereTheViolationWas;
  return warder::zygote::RunZygote(hooks);
}
