// --doctor: what this host gives, and what mends it.
#pragma once

namespace sandbox {

enum class DoctorFormat { text, json };

// Examines the host, prints to stdout. Returns the exit status: 0 when a full run is possible for
// this user, 1 when something it needs is missing.
int doctor(DoctorFormat format);

}  // namespace sandbox
