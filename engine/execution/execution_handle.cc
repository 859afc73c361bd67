// The handle that the host has of an execution.
#include <utility>

#include "engine/execution/execution.h"

namespace warder {

void Execution::Impl::DeliverResult(Outcome outcome) {
  const std::lock_guard lock(mutex_);
  result_ = std::move(outcome);
  delivered_.notify_all();
}

void Execution::Impl::Deliver(Outcome outcome) {
  const std::lock_guard lock(mutex_);
  outcome_ = std::move(outcome);
  cancel_ = nullptr;
  delivered_.notify_all();
}

const Outcome& Execution::Impl::WaitForResult() {
  std::unique_lock lock(mutex_);
  delivered_.wait(lock, [this] { return result_.has_value() || outcome_.has_value(); });
  return result_ ? *result_ : *outcome_;
}

const Outcome& Execution::Impl::Wait() {
  std::unique_lock lock(mutex_);
  delivered_.wait(lock, [this] { return outcome_.has_value(); });
  return *outcome_;
}

const Outcome* Execution::Impl::WaitFor(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!delivered_.wait_for(lock, timeout, [this] { return outcome_.has_value(); })) return nullptr;
  return &*outcome_;
}

void Execution::Impl::SetCancel(std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  cancel_ = std::move(cancel);
}

void Execution::Impl::Cancel() {
  const std::lock_guard lock(mutex_);
  if (cancel_) cancel_();
}

Execution::Execution(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
const std::string& Execution::id() const { return impl_->id(); }
void Execution::Cancel() const { impl_->Cancel(); }
const Outcome& Execution::WaitForResult() const { return impl_->WaitForResult(); }
const Outcome& Execution::Wait() const { return impl_->Wait(); }
const Outcome* Execution::WaitFor(std::chrono::milliseconds timeout) const { return impl_->WaitFor(timeout); }

}  // namespace warder
