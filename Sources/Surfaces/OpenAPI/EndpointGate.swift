import Accounts
import HTTPTypes
import Hummingbird
import Kernel

/// Runs an endpoint's checks before its handler, in the order: rate, who, may, from where, parameters.
struct EndpointGate: Sendable {
  let endpoint: Endpoint
  let tools: Call.Tools
  let rates: OpenAPISurface.Rates

  func respond(_ request: Request, _ context: HTTPContext) async throws -> Response {
    if let caller = context.caller {
      try rates.ofPrincipal.take(caller.principal.id.description)
    } else {
      try rates.ofAddress.take(context.peerAddress)
    }
    try authorise(context)
    try SameOrigin.require(request, context: context)
    let call = Call(
      request: request, context: context, endpoint: endpoint, query: try query(request), tools: tools)
    try requireHeaders(request)
    guard endpoint.hasTimeLimit else { return try await endpoint.handle(call) }
    let response = try await within(Limits.handlingTime, time: tools.time) { try await endpoint.handle(call) }
    guard let response else { throw Problem.slow }
    return response
  }

  private func authorise(_ context: HTTPContext) throws(Problem) {
    guard endpoint.access != .open else { return }
    guard let principal = context.caller?.principal else { throw .unauthenticated }
    guard principal.isComplete || endpoint.access == .signingIn else {
      throw Problem(AccountsError.signInIncomplete)
    }
    let needed = endpoint.access.permissions
    guard let first = needed.first else { return }
    guard needed.contains(where: principal.permissions.contains) else { throw .denied(first.rawValue) }
  }

  /// The query's parameters: each known, once, and of its schema.
  private func query(_ request: Request) throws(Problem) -> [String: String] {
    var values: [String: String] = [:]
    for (key, value) in request.uri.queryParameters where !key.isEmpty {
      let name = String(key)
      guard let parameter = endpoint.parameters.first(where: { $0.place == .query && $0.name == name }) else {
        throw .unknownParameter(name, known: endpoint.parameters.filter { $0.place == .query }.map(\.name))
      }
      guard values[name] == nil else { throw .invalidParameter(name, "is there twice") }
      try check(String(value), parameter)
      values[name] = String(value)
    }
    for parameter in endpoint.parameters where parameter.place == .query && parameter.isRequired {
      guard values[parameter.name] != nil else { throw .invalidParameter(parameter.name, "is missing") }
    }
    return values
  }

  private func check(_ text: String, _ parameter: Endpoint.Parameter) throws(Problem) {
    let value: JSONValue =
      switch parameter.schema {
      case .integer: Int64(text).map { .integer($0) } ?? .string(text)
      case .boolean: text == "true" ? true : text == "false" ? false : .string(text)
      default: .string(text)
      }
    do {
      try parameter.schema.check(value)
    } catch {
      throw .invalidParameter(parameter.name, error.reason)
    }
  }

  private func requireHeaders(_ request: Request) throws(Problem) {
    for parameter in endpoint.parameters where parameter.place == .header {
      guard let name = HTTPField.Name(parameter.name) else { continue }
      guard let value = request.headers[name] else {
        guard !parameter.isRequired else { throw .invalidParameter(parameter.name, "is missing") }
        continue
      }
      try check(value, parameter)
    }
  }
}
