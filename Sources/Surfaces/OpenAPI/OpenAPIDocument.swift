package import HTTPTypes
import Kernel

/// Writes the OpenAPI 3.1 document from the endpoints.
///
/// - Source: OpenAPI Specification 3.1.1.
package struct OpenAPIDocument: Sendable {
  package let value: JSONValue

  package init(endpoints: [Endpoint]) {
    var components: [String: JSONValue] = [:]
    _ = Self.problemSchema.document(into: &components)
    var paths: [(name: String, value: JSONValue)] = []
    for (path, group) in Self.grouped(endpoints) {
      let operations = group.map { endpoint in
        (name: endpoint.method.rawValue.lowercased(), value: Self.operation(endpoint, into: &components))
      }
      paths.append((name: path, value: .object(operations)))
    }
    value = [
      "openapi": "3.1.1",
      "info": [
        "title": "Anju",
        "summary": "The rental-housing estate's open interface.",
        "description": "Lists are paged by cursor; errors are problem documents (RFC 9457) with a code and a remedy.",
        "version": "1",
      ],
      "servers": [["url": "/"]],
      "paths": .object(paths),
      "components": [
        "schemas": .object(components.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }),
        "securitySchemes": [
          "session": ["type": "apiKey", "in": "cookie", "name": .string(SessionCookie.name)],
          "key": ["type": "http", "scheme": "bearer"],
        ],
      ],
    ]
  }

  static let problemSchema = Schema.named(
    "Problem",
    .object([
      .needs("type", .text(1...200, example: "urn:anju:problem:device.unknown"), "A URN with the code."),
      .needs("title", .text(1...200, example: "Not Found"), "The status in words."),
      .needs("status", .integer(400...599)),
      .needs("detail", .text(1...10_000, example: "There is no such device."), "What happened, and why."),
      .needs("instance", .text(1...200, example: "urn:anju:request:7f3a"), "The request's id."),
      .needs("code", .text(1...200, example: "device.unknown"), "Stable; for programs."),
      .needs("remedy", .text(1...10_000, example: "Check the id."), "What to do about it."),
    ]))

  private static func grouped(_ endpoints: [Endpoint]) -> [(String, [Endpoint])] {
    var order: [String] = []
    var groups: [String: [Endpoint]] = [:]
    for endpoint in endpoints {
      if groups[endpoint.path] == nil { order.append(endpoint.path) }
      groups[endpoint.path, default: []].append(endpoint)
    }
    return order.map { ($0, groups[$0] ?? []) }
  }

  private static func operation(_ endpoint: Endpoint, into components: inout [String: JSONValue]) -> JSONValue {
    var members: [(name: String, value: JSONValue)] = [
      (name: "operationId", value: .string(endpoint.name)),
      (name: "tags", value: [.string(endpoint.tag)]),
      (name: "summary", value: .string(endpoint.summary)),
      (name: "security", value: endpoint.access == .open ? [] : [["session": []], ["key": []]]),
    ]
    let needed = endpoint.access.permissions
    if !needed.isEmpty {
      members.append((name: "x-permissions-any", value: .array(needed.map { .string($0.rawValue) })))
    }
    if !endpoint.parameters.isEmpty {
      members.append((name: "parameters", value: parameters(endpoint, into: &components)))
    }
    if let body = endpoint.body {
      let content: JSONValue = ["schema": body.schema.document(into: &components)]
      members.append(
        (name: "requestBody", value: ["required": true, "content": .object([(name: body.mediaType, value: content)])]))
    }
    members.append((name: "responses", value: responses(endpoint, into: &components)))
    return .object(members)
  }

  private static func parameters(_ endpoint: Endpoint, into components: inout [String: JSONValue]) -> JSONValue {
    .array(
      endpoint.parameters.map { parameter in
        [
          "name": .string(parameter.name),
          "in": .string(parameter.place.rawValue),
          "required": .boolean(parameter.isRequired),
          "description": .string(parameter.about),
          "schema": parameter.schema.document(into: &components),
        ]
      })
  }

  private static func responses(_ endpoint: Endpoint, into components: inout [String: JSONValue]) -> JSONValue {
    var good: [(name: String, value: JSONValue)] = [(name: "description", value: "Done.")]
    if let schema = endpoint.answer.schema, let mediaType = endpoint.answer.mediaType {
      let content: JSONValue = ["schema": schema.document(into: &components)]
      good.append((name: "content", value: .object([(name: mediaType, value: content)])))
    }
    var responses: [(name: String, value: JSONValue)] = [
      (name: String(endpoint.answer.status.code), value: .object(good))
    ]
    for status in endpoint.problemStatuses {
      let content: JSONValue = ["schema": ["$ref": "#/components/schemas/Problem"]]
      responses.append(
        (
          name: String(status.code),
          value: [
            "description": .string(status.reasonPhrase),
            "content": ["application/problem+json": content],
          ]
        ))
    }
    return .object(responses)
  }
}

extension Endpoint {
  /// Every status a problem of this endpoint can have, in order.
  package var problemStatuses: [HTTPResponse.Status] {
    var statuses = problems + [.badRequest, .tooManyRequests, .internalServerError, .serviceUnavailable]
    if access != .open { statuses += [.unauthorized, .forbidden] }
    if parameters.contains(where: { $0.place == .path }) { statuses.append(.notFound) }
    if body != nil { statuses += [.contentTooLarge, .unsupportedMediaType, .unprocessableContent] }
    return Dictionary(grouping: statuses, by: \.code).values.compactMap(\.first).sorted { $0.code < $1.code }
  }
}
