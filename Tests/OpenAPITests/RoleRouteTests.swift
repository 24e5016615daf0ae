import Accounts
import Foundation
import HTTPTypes
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

/// One table says who may call what: `permissions.tsv`, beside this file. A person reads it, this compares it with the
/// running surface, and a route without a line in it fails.
@Suite("Every route, for every role")
struct RoleRouteTests {
  private static let table = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("permissions.tsv")

  private static let heading =
    (["method", "path", "anybody", "signed in"] + Role.allCases.map(\.rawValue)).joined(separator: "\t")

  /// What the surface does: `yes`, `no`, or `2nd` for yes with a second verification.
  private func cell(
    _ endpoint: Endpoint, _ token: String?, _ client: some TestClientProtocol
  ) async throws -> String {
    var (headers, body) = try RouteTests.request(endpoint, token ?? "")
    // As a browser does: what needs a session is then refused for nothing but the role.
    headers[.authorization] = nil
    if let token {
      headers[.cookie] = "\(SessionCookie.name)=\(token)"
      headers[.fetchSite] = "same-origin"
    }
    // A stream never ends: a place that is none is refused once the caller was let in.
    if !endpoint.hasTimeLimit { headers[.lastEventID] = "none" }
    let response = try await client.executeRequest(
      uri: RouteTests.path(endpoint), method: endpoint.method, headers: headers, body: body)
    switch response.problemCode {
    case "session.missing", "permission.missing": return "no"
    case "verification.needed": return "2nd"
    default:
      // Whatever else is wrong with it, the caller was let in.
      #expect(response.status != .forbidden || response.problemCode == "account.notAPerson", "\(endpoint.name)")
      // There is no archive of readings here.
      let isServed = response.status.code < 500 || response.problemCode == "store.unavailable"
      #expect(isServed, "\(endpoint.name) \(String(buffer: response.body))")
      return "yes"
    }
  }

  @Test("is what the table says", .clause("9.2.2c", "9.3c"))
  func walk() async throws {
    let scene = try await Scene()
    let signedIn = scene.fresh.principal([])
    scene.tokens.give("signed-in", signedIn)
    for role in Role.allCases {
      scene.tokens.give(
        role.rawValue,
        Principal(
          id: scene.fresh.work.ids.next(), kind: .person, organisation: scene.fresh.organisation, name: role.rawValue,
          permissions: role.permissions, assurance: .secondFactor(at: scene.fresh.clock.now)))
    }
    // Everybody showed the second factor, but too long ago.
    scene.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
    let lines = try await scene.application().test(.router) { client in
      var lines = [Self.heading]
      let endpoints = scene.surface.endpoints.sorted {
        ($0.path, $0.method.rawValue) < ($1.path, $1.method.rawValue)
      }
      for endpoint in endpoints {
        var cells = [endpoint.method.rawValue, endpoint.path, try await cell(endpoint, nil, client)]
        cells.append(try await cell(endpoint, "signed-in", client))
        for role in Role.allCases { cells.append(try await cell(endpoint, role.rawValue, client)) }
        lines.append(cells.joined(separator: "\t"))
      }
      return lines
    }
    let found = lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["ANJU_WRITE_PERMISSIONS"] != nil {
      try Data(found.utf8).write(to: Self.table)
    }
    let known = try String(contentsOf: Self.table, encoding: .utf8).split(separator: "\n").map(String.init)
    for line in lines where !known.contains(line) { Issue.record("the table lacks: \(line)") }
    for line in known where !lines.contains(line) { Issue.record("the surface does otherwise: \(line)") }
  }
}
