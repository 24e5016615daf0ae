import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Every route")
struct RouteTests {
  /// A path with its parameters filled by ids of nothing.
  static func path(_ endpoint: Endpoint) -> String {
    var path = endpoint.path
    while let open = path.firstIndex(of: "{"), let close = path.firstIndex(of: "}") {
      path.replaceSubrange(open...close, with: "0197c1de-5a00-7000-8000-00000000ffff")
    }
    let needed = endpoint.parameters.filter { $0.place == .query && $0.isRequired }
    let query = needed.map { "\($0.name)=\($0.schema.example.text ?? "1")" }.joined(separator: "&")
    return query.isEmpty ? path : "\(path)?\(query)"
  }

  /// The headers and the body of a good request.
  static func request(_ endpoint: Endpoint, _ token: String) throws -> (HTTPFields, ByteBuffer?) {
    var headers = HTTPFields.key(token)
    for parameter in endpoint.parameters where parameter.place == .header && parameter.isRequired {
      guard let name = HTTPField.Name(parameter.name) else { continue }
      headers[name] = parameter.schema.example.text
    }
    if endpoint.parameters.contains(where: { $0.name == "If-Match" }) { headers[.ifMatch] = "*" }
    guard let body = endpoint.body else { return (headers, nil) }
    headers[.contentType] = body.mediaType
    let text = try body.schema.example.text ?? String(decoding: JSONBody.encode(body.schema.example), as: UTF8.self)
    return (headers, ByteBuffer(string: text))
  }

  @Test("says 401 to whoever did not sign in, unless it is open", .clause("9.2.1a"))
  func noSession() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      for endpoint in scene.surface.endpoints where endpoint.access != .open {
        let response = try await client.executeRequest(
          uri: Self.path(endpoint), method: endpoint.method, headers: [:], body: nil)
        #expect(response.status == .unauthorized, "\(endpoint.name)")
        #expect(response.problemCode == "session.missing", "\(endpoint.name)")
      }
    }
  }

  @Test("names a permission and says 403 without it", .clause("9.2.1a", "9.2.2c"))
  func permissions() async throws {
    let scene = try await Scene()
    let open: Set<String> = [
      "getDocument", "signIn", "fetchCopy", "askPasswordReset", "completePasswordReset",
      "getIdentityAuthorityCertificate", "getIdentityRevocationList",
    ]
    let signingIn: Set<String> = ["getSession", "signOut", "changePassword", "verifySession"]
    let aboutOneself: Set<String> = [
      "followEvents", "listPurposes", "listOwnHoldings", "listOwnLooks", "listOwnConsents", "recordOwnConsent",
      "listOwnConsentEntries", "listOwnPrivacyRequests", "makeOwnPrivacyRequest", "getOwnPrivacyRequest",
      "verifyOwnPrivacyRequest", "withdrawOwnPrivacyRequest", "linkOwnCopy", "recordConsentOfWard",
      "listOwnSessions", "endOtherSessions",
      "endOwnSession", "getContact", "offerContact", "confirmContact", "getSecondFactor", "offerSecondFactor",
      "confirmSecondFactor", "renewRecoveryCodes", "removeSecondFactor",
    ]
    try await scene.application().test(.router) { client in
      for endpoint in scene.surface.endpoints {
        switch endpoint.access {
        case .open: #expect(open.contains(endpoint.name), "\(endpoint.name)")
        case .signedIn: #expect(aboutOneself.contains(endpoint.name), "\(endpoint.name)")
        case .signingIn: #expect(signingIn.contains(endpoint.name), "\(endpoint.name)")
        case .permission, .anyOf:
          let (headers, body) = try Self.request(endpoint, "none")
          let response = try await client.executeRequest(
            uri: Self.path(endpoint), method: endpoint.method, headers: headers, body: body)
          #expect(response.status == .forbidden, "\(endpoint.name)")
          #expect(response.problemCode == "permission.missing", "\(endpoint.name)")
        }
      }
    }
  }

  @Test("says 404 for ids of nothing, and for ids that are none")
  func unknown() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      for endpoint in scene.surface.endpoints where endpoint.path.contains("{") && endpoint.access != .open {
        let (headers, body) = try Self.request(endpoint, "all")
        for id in ["0197c1de-5a00-7000-8000-00000000ffff", "no-id", "%00"] {
          let path = Self.path(endpoint).replacing("0197c1de-5a00-7000-8000-00000000ffff", with: id)
          let response = try await client.executeRequest(
            uri: path, method: endpoint.method, headers: headers, body: body)
          #expect(response.status == .notFound, "\(endpoint.name) \(id) \(String(buffer: response.body))")
        }
      }
    }
  }

  @Test("says 405 for the methods it does not take, with those it takes")
  func methods() async throws {
    let scene = try await Scene()
    let paths = Dictionary(grouping: scene.surface.endpoints, by: \.path)
    try await scene.application().test(.router) { client in
      for (path, endpoints) in paths {
        let taken = Set(endpoints.map(\.method))
        let all: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options, .trace]
        for method in all where !taken.contains(method) {
          let response = try await client.executeRequest(
            uri: Self.path(try #require(endpoints.first)), method: method, headers: .key("all"), body: nil)
          #expect(response.status == .methodNotAllowed, "\(method) \(path)")
          let allow = Set((response.headers[.allow] ?? "").components(separatedBy: ", "))
          #expect(allow.subtracting(["HEAD"]) == Set(taken.map(\.rawValue)))
        }
      }
    }
  }

  @Test("that takes a body refuses a malformed one with a problem of 4xx")
  func malformed() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      for endpoint in scene.surface.endpoints where endpoint.body?.mediaType == "application/json" {
        let (headers, _) = try Self.request(endpoint, "all")
        for body in ["", "{", "[1,2", "\u{0}", "{\"\\ud800\":1}"] {
          let response = try await client.executeRequest(
            uri: Self.path(endpoint), method: endpoint.method, headers: headers, body: ByteBuffer(string: body))
          #expect((400..<500).contains(response.status.code), "\(endpoint.name) \(response.status)")
          #expect(response.problemCode != nil, "\(endpoint.name)")
        }
      }
    }
  }

  @Test("that answers GET answers HEAD without a body")
  func head() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.head, "/api/v1/rooms")
      #expect(response.status == .ok)
      #expect(response.body.readableBytes == 0)
    }
  }
}

@Suite("The OpenAPI document")
struct DocumentTests {
  @Test("lists every route and no other", .clause("5.1b2", "7.2.2e"))
  func complete() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let document = try await client.send(.get, "/api/v1/openapi.json", [:]).json()
      guard case .object(let paths)? = document["paths"] else { throw Problem.broken }
      var listed: Set<String> = []
      for (path, item) in paths {
        guard case .object(let operations) = item else { throw Problem.broken }
        for (method, operation) in operations {
          listed.insert("\(method.uppercased()) \(path)")
          // Listed means there: whoever is signed in is not told that there is nothing.
          let endpoint = try #require(scene.surface.endpoints.first {
            $0.path == path && $0.method.rawValue.lowercased() == method
          })
          #expect(operation["operationId"]?.text == endpoint.name)
          guard endpoint.hasTimeLimit else { continue }
          let response = try await client.executeRequest(
            uri: RouteTests.path(endpoint), method: endpoint.method, headers: .key("none"), body: nil)
          #expect(response.problemCode != "route.unknown", "\(method) \(path)")
        }
      }
      #expect(listed == Set(scene.surface.endpoints.map { "\($0.method.rawValue) \($0.path)" }))
      #expect(Set(scene.surface.endpoints.map(\.name)).count == scene.surface.endpoints.count)
    }
  }

  @Test("is valid OpenAPI 3.1", .clause("5.1b2", "7.2.2e"))
  func valid() async throws {
    let scene = try await Scene()
    let folder = try TemporaryFolder()
    let path = folder.path("openapi.json")
    try Data(JSONBody.encode(OpenAPIDocument(endpoints: scene.surface.endpoints).value)).write(
      to: URL(filePath: path))
    let outcome = try await ChildProgram.run(.python(["-m", "openapi_spec_validator", "--schema", "3.1", path]))
    #expect(outcome.isSuccess, "\(outcome)")
  }

  @Test("every example fits its schema, and every body's example is decoded")
  func examples() async throws {
    let scene = try await Scene()
    for endpoint in scene.surface.endpoints {
      if let body = endpoint.body {
        try body.schema.check(body.schema.example)
        try body.decodeExample()
      }
      if let schema = endpoint.answer.schema { try schema.check(schema.example) }
      for parameter in endpoint.parameters { try parameter.schema.check(parameter.schema.example) }
    }
  }

  @Test("every path parameter is declared")
  func pathParameters() async throws {
    let scene = try await Scene()
    for endpoint in scene.surface.endpoints {
      let inPath = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
      let declared = endpoint.parameters.filter { $0.place == .path }.map(\.name)
      #expect(Set(inPath.map(String.init)) == Set(declared), "\(endpoint.name)")
    }
  }
}
