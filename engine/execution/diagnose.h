// Looks at the jail of a live cell, layer by layer, from outside: for `warder doctor`.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "engine/execution/prepared_cell.h"
#include "engine/execution/zygote_host.h"
#include "warder/engine.h"

namespace warder::execution {

// Makes a cell of `zygote`, measures it, ends it, and calls back with what was found; `enforceable` says whether every
// required layer holds, or may be missing. Image and version are the caller's to fill in. Must be called on the loop.
void DiagnoseCell(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, Usher& usher,
                  const Inspection& inspection, std::function<void(Diagnosis)> callback);

}  // namespace warder::execution
