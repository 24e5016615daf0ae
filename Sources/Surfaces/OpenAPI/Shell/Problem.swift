import Foundation
package import HTTPTypes
package import Hummingbird
package import Kernel
import NIOCore

/// One error answer: what went wrong, why, and what to do about it.
///
/// - Source: RFC 9457; `remedy` and `code` are our extension members.
package struct Problem: Error, Sendable {
  package let status: HTTPResponse.Status
  /// Stable and documented: `device.unknown`.
  package let code: String
  /// What happened and why.
  package let detail: String
  package let remedy: String
  /// Headers the status asks for, as `Retry-After` or `Allow`.
  package var headers: HTTPFields = [:]
  /// Whether the rest of the request can not be read, so that the connection ends after the answer.
  package var closes = false

  package init(
    _ status: HTTPResponse.Status, _ code: String, _ detail: String, remedy: String, headers: HTTPFields = [:]
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.remedy = remedy
    self.headers = headers
  }

  /// The answer to a use case's error.
  package init(_ error: any UseCaseError) {
    var headers: HTTPFields = [:]
    switch error.kind {
    case .limited(let seconds): headers[.retryAfter] = String(seconds)
    case .unavailable: headers[.retryAfter] = "1"
    default: break
    }
    self.init(error.kind.status, error.code, error.reason, remedy: error.remedy, headers: headers)
  }
}

extension ErrorKind {
  /// The HTTP status of the family.
  package var status: HTTPResponse.Status {
    switch self {
    case .invalid: .unprocessableContent
    case .unauthenticated: .unauthorized
    case .denied: .forbidden
    case .notFound: .notFound
    case .conflict: .conflict
    case .stale: .preconditionFailed
    case .tooLarge: .contentTooLarge
    case .limited: .tooManyRequests
    case .unavailable: .serviceUnavailable
    case .broken: .internalServerError
    }
  }
}

extension Problem {
  /// The members of the document, in the order of the RFC.
  package struct Document: Codable, Sendable, Equatable {
    package let type: String
    package let title: String
    package let status: Int
    package let detail: String
    package let instance: String
    package let code: String
    package let remedy: String
  }

  /// The document for the request with this id.
  package func document(requestID: String) -> Document {
    Document(
      type: "urn:anju:problem:\(code)",
      title: status.reasonPhrase,
      status: status.code,
      detail: detail,
      instance: "urn:anju:request:\(requestID)",
      code: code,
      remedy: remedy
    )
  }

  /// The whole answer. When the problem ends the connection, the channel is closed once the answer is written.
  package func response(context: HTTPContext) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings and an integer always encode.
    let bytes = (try? encoder.encode(document(requestID: context.requestID))) ?? Data()
    var headers = self.headers
    headers[.contentType] = "application/problem+json"
    headers[.cacheControl] = "no-store"
    if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"anju\"" }
    guard closes else {
      return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
    let channel = context.channel
    let body = ResponseBody(contentLength: bytes.count) { writer in
      try await writer.write(ByteBuffer(bytes: bytes))
      try await writer.finish(nil)
      channel.close(mode: .all, promise: nil)
    }
    return Response(status: status, headers: headers, body: body)
  }
}
