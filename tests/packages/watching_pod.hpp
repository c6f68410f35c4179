// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::test {

class ManifestPod;
class Runtime;
struct TestContainer;

// What is expected of the pod beside a container of the same node, by GoogleTest: it gets ready, its probes
// and metrics answer, a drop in the neighbour is reported with the names that the runtime gave it.
void expect_to_see_a_drop(ManifestPod& pod, Runtime& runtime, const TestContainer& neighbour);

// The neighbour can be removed, and the pod holds no mount of it.
void expect_to_let_go(ManifestPod& pod, Runtime& runtime, const TestContainer& neighbour);

}  // namespace dropwarden::test
