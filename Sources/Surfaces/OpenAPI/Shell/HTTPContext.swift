import HTTPTypes
package import Hummingbird
package import Kernel
import Logging
package import NIOCore

/// What travels with one HTTP request, API or page: who asks, from where, and over which channel.
package struct HTTPContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// Who asks; set by `Identification`, nil when nobody did.
  package var caller: Caller?
  /// The request's connection (HTTP/1.1) or stream (HTTP/2): closed when its body can not be trusted to end.
  package let channel: any Channel

  package init(source: ApplicationRequestContextSource) {
    self.coreContext = .init(source: source)
    self.channel = source.channel
    // A log handler that keeps no metadata has none to give.
    self.requestID = source.logger[metadataKey: "hb.request.id"]?.description ?? RequestID().description
  }

  /// The peer's address without its port, for rate limits; never logged. Addresses that are not IP share one name.
  package var peerAddress: String { channel.remoteAddress?.ipAddress ?? "local" }

  /// From where a request comes, for sessions and the audit log; never logged.
  package func origin(_ request: Request) -> Origin {
    Origin(address: peerAddress, agent: request.headers[.userAgent] ?? "")
  }

  /// The request's id: in every problem, in the header `X-Request-ID`, and on the log's lines.
  package let requestID: String

  /// Bodies are read by `Call.body`, with a limit an endpoint; nothing else decodes.
  package var maxUploadSize: Int { Limits.bodyBytesDefault }
}

/// An authenticated principal and how it showed who it is.
package struct Caller: Sendable {
  /// What a caller shows of itself.
  package enum Proof: Sendable, Hashable {
    /// A browser's cookie: sent without the person's doing, so changes need a same-origin check.
    case cookie(token: String)
    /// An `Authorization: Bearer` header: only sent on purpose.
    case bearer(token: String)
  }

  package let principal: Principal
  package let proof: Proof

  package init(principal: Principal, proof: Proof) {
    self.principal = principal
    self.proof = proof
  }
}
