// The two limits that a cell notices itself, with the JavaScript stack of the moment: memory, and the engine's "time is
// up".
//
// Neither is what the engine relies on. The resource limits (see rlimits.h), the cgroup and SIGKILL hold whatever the
// cell does; these only say better what happened and where.
#pragma once

#include <v8-isolate.h>

#include <cstdint>

namespace warder::cell {

// Room for the collector's young generation; part of the heap's limit.
inline constexpr std::uint64_t kYoungGenerationBytes = std::uint64_t{6} << 20;
// How far a heap at its limit may still grow, so that its stack can be captured.
inline constexpr std::uint64_t kHeapGraceBytes = std::uint64_t{8} << 20;
// The largest heap an isolate is made for; Start lowers it.
inline constexpr std::uint64_t kMaxHeapBytes = std::uint64_t{4} << 30;

// Lowers the heap's limit to `bytes`. Beyond it the cell sends Stopped{HEAP} and exits.
void LimitHeap(v8::Isolate* isolate, std::uint64_t bytes);

// For Isolate::CreateParams and V8 itself: what to do when V8 has no memory left or finds itself broken.
[[noreturn]] void OnOutOfMemory(const char* location, const v8::OOMDetails& details);
[[noreturn]] void OnFatalError(const char* location, const char* message);

// From here on OnSoftLimit can interrupt JavaScript in `isolate`.
void ArmSoftLimit(v8::Isolate* isolate);

// SIGUSR1. Where JavaScript runs, it is interrupted at its next safe point, its stack is taken and Stopped{ASKED} sent.
// Between BeginWait and EndWait the cell only waits for a frame: then Stopped{ASKED} leaves from the handler itself.
void OnSoftLimit(int signal);
void BeginWait();
void EndWait();
// The engine has asked for the end: native code that takes long gives up, and JavaScript is interrupted after it.
bool EndIsAsked();

}  // namespace warder::cell
