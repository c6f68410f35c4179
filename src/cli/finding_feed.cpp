// SPDX-License-Identifier: Apache-2.0
#include "finding_feed.hpp"

#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

namespace dropwarden::cli {

FindingFeed::FindingFeed(std::string path, store::Query query)
    : path_(std::move(path)), query_(std::move(query)) {
  // Before the first look, so that nothing falls between.
  const std::string directory = std::filesystem::absolute(path_).parent_path();
  if (auto watch = sys::DirectoryWatch::open(directory)) watch_.emplace(std::move(*watch));
  reader_ = std::make_unique<store::Reader>(path_);
  beginning_ = reader_->last_change();
  query_.after_change = beginning_;
  query_.since.reset();
  query_.newest.reset();
}

void FindingFeed::wait() {
  using namespace std::chrono_literals;
  constexpr auto longest = 1s;
  if (watch_)
    watch_->wait(longest);
  else
    std::this_thread::sleep_for(longest);
}

void FindingFeed::read_news(const OnFinding& on_finding) {
  if (watch_) watch_->forget();
  if (reader_ && reader_->is_replaced()) {
    reader_.reset();
    query_.after_change = 0;
  }
  try {
    if (!reader_) reader_ = std::make_unique<store::Reader>(path_);
    query_.until_change = reader_->last_change();
    if (*query_.until_change <= *query_.after_change) return;
    reader_->find(query_, on_finding);
    query_.after_change = query_.until_change;
  } catch (const store::CannotOpen&) {
    // In the moment in which a damaged database is set aside there may be none.
    reader_.reset();
  }
}

}  // namespace dropwarden::cli
