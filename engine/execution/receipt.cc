#include "engine/execution/receipt.h"

#include <boost/json.hpp>
#include <ctime>

namespace warder::execution {
namespace {

namespace json = boost::json;

std::string IsoTime(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since - seconds);
  const std::time_t clock = seconds.count();
  std::tm parts{};
  ::gmtime_r(&clock, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(millis.count()));
  return text;
}

json::array Calls(const std::vector<CallRecord>& calls) {
  json::array array;
  for (const CallRecord& call : calls) {
    array.push_back(json::object{{"call", call.call},
                                 {"method", call.method},
                                 {"origin", call.origin},
                                 {"status", call.http_status},
                                 {"outcome", call.outcome},
                                 {"requestBytes", call.request_bytes},
                                 {"responseBytes", call.response_bytes},
                                 {"startedUs", call.started.count()},
                                 {"durationUs", call.duration.count()}});
  }
  return array;
}

json::object LimitsOf(const Limits& limits) {
  json::object object;
  for (const LimitSpec& spec : LimitTable()) object[spec.name] = FormatLimit(spec.unit, limits.*(spec.value));
  return object;
}

json::object UsageOf(const Usage& usage) {
  return {{"wallUs", usage.wall.count()},
          {"cpuUs", usage.cpu.count()},
          {"peakRssBytes", usage.peak_rss_bytes},
          {"heapPeakBytes", usage.heap_peak_bytes},
          {"arrayBufferPeakBytes", usage.array_buffer_peak_bytes},
          {"calls", usage.calls},
          {"requestBytes", usage.request_bytes},
          {"responseBytes", usage.response_bytes},
          {"logBytes", usage.log_bytes},
          {"outputBytes", usage.output_bytes}};
}

}  // namespace

std::string MakeReceipt(const ReceiptFacts& facts) {
  const Outcome& outcome = *facts.outcome;
  json::object verdict{{"status", StatusName(outcome.status)}, {"reason", outcome.reason}};
  if (outcome.limit) {
    verdict["limit"] = {{"name", outcome.limit->limit}, {"value", outcome.limit->value}, {"peak", outcome.limit->peak}};
  }
  if (outcome.violation) verdict["violation"] = outcome.violation->what;

  json::array setup;
  for (const proto::SetupStep& step : facts.setup) {
    setup.push_back({{"step", step.name()}, {"us", static_cast<double>(step.nanoseconds()) / 1000.0}});
  }
  json::array layers;
  for (const zygote::LayerReport& layer : facts.zygote.layers) {
    layers.push_back({{"layer", layer.name}, {"enforced", layer.enforced}, {"detail", layer.detail}});
  }
  json::array origins;
  for (const std::string& origin : facts.request->allow_origins) origins.push_back(json::string(origin));

  const json::object receipt{
      {"receipt", 1},
      {"execution", outcome.execution},
      {"tenant", facts.request->tenant},
      {"started", IsoTime(facts.started)},
      {"versions", {{"warder", Version()}, {"v8", facts.zygote.v8_version}, {"image", facts.image}}},
      {"bundle", {{"sha256", facts.request->bundle->sha256()}, {"entry", facts.request->bundle->entry()}}},
      {"flow", facts.request->flow},
      {"grant", {{"origins", origins}}},
      {"limits", LimitsOf(facts.request->limits)},
      {"jail", {{"layers", layers}, {"setup", setup}}},
      {"verdict", verdict},
      {"calls", Calls(outcome.calls)},
      {"usage", UsageOf(outcome.usage)},
      {"teardown",
       {{"dead", facts.death->confirmed || !facts.death->spawned},
        {"reaped", facts.death->reaped || !facts.death->spawned},
        {"us", facts.teardown.count()}}},
  };
  return json::serialize(receipt);
}

}  // namespace warder::execution
