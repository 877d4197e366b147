// A whole Policy as CBOR (RFC 8949), which holds any bytes: between two processes of one version.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/policy.h"
#include "spawner/wire.h"

namespace sandbox::wire {

std::vector<std::uint8_t> encode(const Policy& policy, const Caller& caller);

// Throws Error where the bytes are no such thing.
void decode(std::span<const std::uint8_t> bytes, const char* version, Policy& policy,
            Caller& caller);

}  // namespace sandbox::wire
