// SPDX-License-Identifier: Apache-2.0
// An optional that takes room only where it has a value: of 100,000 listed files few may be ELF, whose facts
// take 250 bytes.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace fromhost::core {

/// Copied with its value. Otherwise as std::optional.
template <typename Value>
class Seldom {
 public:
  Seldom() = default;
  Seldom(std::nullopt_t) {}
  Seldom(Value value) : value_(std::make_unique<Value>(std::move(value))) {}
  Seldom(std::optional<Value> value) : value_(value ? std::make_unique<Value>(std::move(*value)) : nullptr) {}
  Seldom(const Seldom& other) : value_(other ? std::make_unique<Value>(*other) : nullptr) {}
  Seldom(Seldom&&) noexcept = default;
  Seldom& operator=(Seldom other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }

  explicit operator bool() const { return value_ != nullptr; }
  Value& operator*() { return *value_; }
  const Value& operator*() const { return *value_; }
  Value* operator->() { return value_.get(); }
  const Value* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<Value> value_;
};

}  // namespace fromhost::core
