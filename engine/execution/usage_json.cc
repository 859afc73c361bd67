#include <boost/json.hpp>

#include "warder/engine.h"

namespace warder {

std::string UsageJson(const Usage& usage) {
  return boost::json::serialize(boost::json::object{{"wallUs", usage.wall.count()},
                                                    {"cpuUs", usage.cpu.count()},
                                                    {"peakRssBytes", usage.peak_rss_bytes},
                                                    {"peakMemoryBytes", usage.peak_memory_bytes},
                                                    {"heapPeakBytes", usage.heap_peak_bytes},
                                                    {"arrayBufferPeakBytes", usage.array_buffer_peak_bytes},
                                                    {"calls", usage.calls},
                                                    {"requestBytes", usage.request_bytes},
                                                    {"responseBytes", usage.response_bytes},
                                                    {"logBytes", usage.log_bytes},
                                                    {"outputBytes", usage.output_bytes}});
}

}  // namespace warder
