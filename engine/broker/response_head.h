// Reads the head of a response from the lines that libcurl hands over, within bounds, and refuses what two readers of
// HTTP could understand differently.
//
// 1xx responses are dropped, trailers too; both count towards the bounds. Hop-by-hop headers and those that a
// Connection header nominates (RFC 9110 section 7.6.1) are left out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/broker/broker_options.h"
#include "engine/broker/request_headers.h"

namespace warder::broker {

class ResponseHeadReader {
 public:
  explicit ResponseHeadReader(const BrokerOptions& options) : options_(options) {}

  // One line as it came, its line end included. The error, empty if none, continues "https://host ...".
  [[nodiscard]] std::string_view Line(std::string_view line);

  // The final response's head has been read.
  bool complete() const { return complete_; }
  int status() const { return status_; }
  const std::string& reason() const { return reason_; }
  const HeaderList& headers() const { return headers_; }

  // The value of the header if it stands there once, or each time with the same value; empty if not at all.
  // `conflict` is set when the values differ.
  std::string_view Value(std::string_view name, bool* conflict) const;

  // What the caller may see. `decoded`: the body's coding and length do not hold any more.
  HeaderList Visible(bool decoded) const;

 private:
  std::string_view StatusLine(std::string_view line);
  std::string_view HeaderLine(std::string_view line);
  std::string_view EndOfHead();

  const BrokerOptions& options_;
  std::size_t bytes_ = 0;
  std::size_t informational_ = 0;
  bool in_head_ = false;
  bool complete_ = false;
  int status_ = 0;
  std::string reason_;
  HeaderList headers_;
};

}  // namespace warder::broker
