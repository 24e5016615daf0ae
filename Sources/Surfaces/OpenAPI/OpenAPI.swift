package import Hummingbird
import HTTPTypes
package import Kernel
import NIOCore

/// The open interface: REST and server-sent events under /api/v1.
///
/// It takes a router and adds its routes; `RequestShell` and `Identification` stand before it on the same router.
package struct OpenAPISurface: Sendable {
  /// How much may be asked.
  package struct Rates: Sendable {
    /// Of one principal, all requests.
    package let ofPrincipal: RateLimiter
    /// Of one address without a session, all requests.
    package let ofAddress: RateLimiter
    /// Of one address, attempts to sign in.
    package let ofSignIn: RateLimiter

    /// The limits of docs/api.md.
    package init(time: Timekeeper) {
      ofPrincipal = RateLimiter(burst: 400, perSecond: 100, time: time)
      ofAddress = RateLimiter(burst: 60, perSecond: 10, time: time)
      ofSignIn = RateLimiter(burst: 10, perSecond: 0.2, time: time)
    }

    package init(ofPrincipal: RateLimiter, ofAddress: RateLimiter, ofSignIn: RateLimiter) {
      self.ofPrincipal = ofPrincipal
      self.ofAddress = ofAddress
      self.ofSignIn = ofSignIn
    }
  }

  /// Every operation, the document's own included.
  package let endpoints: [Endpoint]
  private let tools: Call.Tools
  private let rates: Rates

  /// - Parameters:
  ///   - endpoints: the contexts' operations.
  ///   - cursors: seals the cursors of lists.
  ///   - checksAnswers: whether an answer that breaks its schema is an error; for tests.
  package init(
    endpoints: [Endpoint], cursors: Cursors, rates: Rates, time: Timekeeper, checksAnswers: Bool = false
  ) {
    self.tools = Call.Tools(cursors: cursors, time: time, checksAnswers: checksAnswers)
    self.rates = rates
    let own = Self.documentEndpoint(describing: endpoints)
    self.endpoints = endpoints + [own]
  }

  /// Adds the routes, HEAD for every GET, and 405 for the methods that a path does not take.
  package func install(on router: some RouterMethods<HTTPContext>) {
    var methods: [String: [HTTPRequest.Method]] = [:]
    for endpoint in endpoints {
      let gate = EndpointGate(endpoint: endpoint, tools: tools, rates: rates)
      let path = Self.routerPath(endpoint.path)
      router.on(path, method: endpoint.method) { request, context in try await gate.respond(request, context) }
      methods[endpoint.path, default: []].append(endpoint.method)
      guard endpoint.method == .get, endpoint.hasTimeLimit else { continue }
      methods[endpoint.path, default: []].append(.head)
      router.on(path, method: .head) { request, context in
        try await gate.respond(request, context).createHeadResponse()
      }
    }
    for (path, taken) in methods {
      let allow = taken.map(\.rawValue).sorted().joined(separator: ", ")
      for method in Self.standardMethods where !taken.contains(method) {
        router.on(Self.routerPath(path), method: method) { _, _ -> Response in throw Problem.methodNotAllowed(allow) }
      }
    }
  }

  private static let standardMethods: [HTTPRequest.Method] = [
    .get, .head, .post, .put, .patch, .delete, .options, .trace,
  ]

  /// `/a/{b}` as the router writes it: `/a/:b`.
  private static func routerPath(_ path: String) -> RouterPath {
    RouterPath(path.replacing("{", with: ":").replacing("}", with: ""))
  }

  private static func documentEndpoint(describing endpoints: [Endpoint]) -> Endpoint {
    let listed = endpoints + [documentEndpoint(bytes: [])]
    // A document of constant parts encodes.
    let bytes = (try? JSONBody.encode(OpenAPIDocument(endpoints: listed).value)) ?? []
    return documentEndpoint(bytes: bytes)
  }

  private static func documentEndpoint(bytes: [UInt8]) -> Endpoint {
    Endpoint(
      .get, "/api/v1/openapi.json", "getDocument", tag: "document", "This document.",
      access: .open, answer: .json(.map(.any))
    ) { _ in
      Response(
        status: .ok, headers: [.contentType: "application/json", .cacheControl: "public, max-age=300"],
        body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
  }
}
