#include "sandbox/zygote/setup_failure.h"

#include "sandbox/jail/descriptors.h"
#include "sandbox/proto/control.pb.h"
#include "sandbox/zygote/packet.h"

namespace warder::zygote {

void ReportSetupFailure(const jail::SetupError& error) {
  proto::FromZygote message;
  proto::SetupFailed* failed = message.mutable_setup_failed();
  failed->set_layer(std::string(error.layer));
  failed->set_error_number(error.error_number);
  failed->set_message(error.message);
  // Nobody is left to hear of an error here.
  static_cast<void>(SendPacket(jail::kSocketFd, message, -1, Wait::kNo));
}

}  // namespace warder::zygote
