// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

namespace dropwarden::test {

// What measurements were taken on, as a reader has to know it: processors, memory, kernel, whether the
// machine is a virtual one, the load at this moment, when, and how the programs were built.
boost::json::object describe_machine();

}  // namespace dropwarden::test
