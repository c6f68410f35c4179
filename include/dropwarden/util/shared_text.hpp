// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace dropwarden::util {

// Text that does not change and is there once, however many copies there are: for what is long and held in
// several places. A copy costs a counter. A value; copies may be in different threads.
class SharedText {
 public:
  SharedText() = default;
  // Implicit, as is the way back: it stands where a std::string stood.
  SharedText(std::string_view text)
      : text_(text.empty() ? nullptr : std::make_shared<const std::string>(text)) {}
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}
  SharedText(const char* text) : SharedText(std::string_view(text)) {}

  std::string_view view() const { return text_ ? std::string_view(*text_) : std::string_view(); }
  operator std::string_view() const { return view(); }

  friend bool operator==(const SharedText& one, const SharedText& other) {
    return one.text_ == other.text_ || one.view() == other.view();
  }

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace dropwarden::util
