import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import OpenAPI

/// Every route that changes something is called, and leaves its entry in the audit log; what leaves none stands here
/// with its reason. A route that is in neither place fails.
@Suite("Every change over HTTP", .clause("6.8.2g"), .timeLimit(.minutes(5)))
struct AuditCoverageTests {
  /// Routes that leave no entry, and why.
  static let exceptions: [String: String] = [
    "POST /api/v1/session": "signing in: in the journal with its failures, many a day, and changes no core data",
    "DELETE /api/v1/session": "signing out: as signing in",
    "POST /api/v1/session/verification": "shows the second factor again: as signing in",
    "POST /api/v1/session/contact": "sends a code; nothing is there before it comes back, which leaves an entry",
    "PUT /api/v1/session/contact":
      "needs a messenger, which is not here; writes through the same function as PUT /accounts/{account}/contacts",
    "POST /api/v1/session/second-factor": "offers a secret; nothing counts before its code, which leaves an entry",
    "POST /api/v1/password-resets": "anybody may ask, for any name; completing it leaves an entry",
    "POST /api/v1/identity-verifications": "asks a question and changes nothing",
  ]

  @Test("leaves an entry with who, what, when, from where and why")
  func walk() async throws {
    let scene = try await Scene()
    let walked = try await scene.application().test(.router) { client in
      let house = try await AuditHouse(scene, client)
      try await house.estate()
      try await house.devices()
      try await house.alarms()
      try await house.identities()
      try await house.provisioning()
      try await house.accounts()
      try await house.ownAccount()
      try await house.privacy()
      return house.walk.walked
    }
    let changing = scene.surface.endpoints.filter { $0.method != .get && $0.method != .head }
      .map { "\($0.method.rawValue) \($0.path)" }
    for route in changing where !walked.contains(route) && Self.exceptions[route] == nil {
      Issue.record("no one looked whether it leaves an entry: \(route)")
    }
    for route in walked.union(Self.exceptions.keys) where !changing.contains(route) {
      Issue.record("there is no such route: \(route)")
    }
    #expect(walked.isDisjoint(with: Self.exceptions.keys))
    #expect(changing.count > 70)
  }
}
