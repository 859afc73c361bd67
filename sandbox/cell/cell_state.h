// What the native functions of a cell work on. One per cell, reachable from its isolate.
#pragma once

#include <v8-isolate.h>
#include <v8-persistent-handle.h>
#include <v8-promise.h>

#include <cstdint>
#include <deque>
#include <string>

#include "sandbox/cell/call_table.h"
#include "sandbox/cell/channel.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/seed_stream.h"

namespace warder::cell {

class Runtime;
class Startup;

struct CellState {
  CellState(Channel* the_channel, FrozenPlatform* the_platform, const Startup* the_startup)
      : channel(the_channel), platform(the_platform), startup(the_startup), calls(the_channel) {}

  // What is logged, and what is told of steps, share a limit: false where there is not so much left. The first time
  // says so in the log.
  bool TakeLogBytes(std::uint64_t bytes);

  static CellState& Of(v8::Isolate* isolate) { return *static_cast<CellState*>(isolate->GetData(0)); }
  void AttachTo(v8::Isolate* isolate) { isolate->SetData(0, this); }

  Channel* channel;
  FrozenPlatform* platform;
  const Startup* startup;
  const Runtime* runtime = nullptr;
  CallTable calls;
  SeedStream random;
  std::uint64_t start_us = 0;
  std::uint64_t log_bytes_left = 0;
  bool log_full = false;
  std::uint64_t last_step_told = 0;  // the engine knows no later one
  // Promises that were rejected while nobody listened, in order; and those that were spared and are listened to now.
  std::deque<v8::Global<v8::Promise>> rejected;
  std::deque<v8::Global<v8::Promise>> handled;
};

}  // namespace warder::cell
