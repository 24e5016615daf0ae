import Audit
import Foundation
import HTTPTypes
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

/// Calls routes one after the other and looks, after each, at what the audit log got.
final class AuditWalk {
  let scene: Scene
  let client: any TestClientProtocol
  /// Method and path of what was called, as the surface writes them.
  private(set) var walked: Set<String> = []
  private let log: AuditLog
  private var last: Int64 = 0

  init(_ scene: Scene, _ client: any TestClientProtocol) async throws {
    self.scene = scene
    self.client = client
    log = AuditLog(work: scene.fresh.work, keys: CheckpointKeys([]))
    last = try await entries().first?.number ?? 0
  }

  /// The newest first.
  private func entries() async throws -> [AuditEntry] {
    try await log.search(AuditQuery(page: PageRequest(limit: 200)), of: nil).items
  }

  /// Who acts: a token's principal, or an account with a session.
  struct Actor {
    let headers: HTTPFields
    let id: ID<Principal>
    let origin: Origin
  }

  /// Calls a route and expects its entries.
  ///
  /// - Parameters:
  ///   - route: method and path, as the surface writes them.
  ///   - place: the path that is called, where it has parameters.
  ///   - wanted: verb and kind of each entry, oldest first; `platform` before what the platform then does by itself.
  ///   - why: the reason that must stand in the last of them.
  @discardableResult
  func act(
    _ route: String, at place: String? = nil, _ body: String? = nil, by actor: Actor, headers more: HTTPFields = [:],
    wanted: [String], why: String? = nil, location: SourceLocation = #_sourceLocation
  ) async throws -> TestResponse {
    let parts = route.split(separator: " ", maxSplits: 1).map(String.init)
    let method = try #require(HTTPRequest.Method(rawValue: parts[0]))
    scene.fresh.clock.advance(by: .milliseconds(1))
    var headers = actor.headers
    for field in more { headers[field.name] = field.value }
    let response = try await client.send(method, place ?? parts[1], headers, body)
    #expect(
      response.status.kind == .successful, "\(route): \(response.status) \(String(buffer: response.body))",
      sourceLocation: location)
    walked.insert(route)
    let new = try await entries().filter { $0.number > last }.reversed()
    last = new.last?.number ?? last
    let found = new.map { entry in
      (entry.body.principalKind == .platform ? "platform " : "") + "\(entry.body.verb) \(entry.body.kind)"
    }
    #expect(found == wanted, "\(route)", sourceLocation: location)
    for entry in new where entry.body.principalKind != .platform { check(entry, by: actor, route, location) }
    if let why { #expect(new.last?.field("why") == .known(why), "\(route): why", sourceLocation: location) }
    return response
  }

  private func check(_ entry: AuditEntry, by actor: Actor, _ route: String, _ location: SourceLocation) {
    #expect(entry.body.principal == actor.id, "\(route): who", sourceLocation: location)
    #expect(entry.field("who.name") != .none, "\(route): the name", sourceLocation: location)
    #expect(!entry.body.resource.isEmpty && entry.body.outcome == .done, "\(route): what", sourceLocation: location)
    #expect(entry.at == scene.fresh.clock.now, "\(route): when", sourceLocation: location)
    #expect(
      entry.field("from.address") == Self.field(actor.origin.address), "\(route): from where",
      sourceLocation: location)
    #expect(
      entry.field("from.agent") == Self.field(actor.origin.agent), "\(route): with what", sourceLocation: location)
  }

  /// Nothing is committed to where nothing is said.
  private static func field(_ value: String) -> AuditEntry.Field { value.isEmpty ? .none : .known(value) }

  /// What is made on the way to a route, and is no route's entry.
  func skip() async throws { last = try await entries().first?.number ?? last }
}
