/// A delegate for a broker that is open to everyone: all may publish and subscribe everything, apart from what is the
/// server's own (`$SYS/…`, and `$share/…` as a topic name). For conformance tests and trials, never for a building.
public final class OpenBroker: MQTTServerDelegate {
  private let refusedFilters: Set<MQTTString>

  /// - Parameter refusedFilters: filters that nobody may subscribe (0x80), for suites that test the refusal.
  public init(refusedFilters: Set<MQTTString> = []) { self.refusedFilters = refusedFilters }

  /// Everyone may come in; a method of enhanced authentication is not known: 0x8C.
  public func connect(_ request: MQTTConnectRequest) -> MQTTConnectAnswer {
    request.packet.properties.authenticationMethod == nil ? .accept : .refuse(.badAuthenticationMethod)
  }

  public func subscribe(_ filter: MQTTString, qos: MQTTQoS, session: MQTTSession) -> MQTTReasonCode {
    refusedFilters.contains(filter) ? .unspecifiedError : .granted(qos)
  }

  public func publish(_ publish: MQTTPublishView, from session: MQTTSession) -> MQTTPublishAnswer {
    if publish.topic.first == MQTTTopicFilter.dollar, Self.isReserved(publish.topic) { return .refused(.notAuthorized) }
    return .route
  }

  /// A bridge may tell its own state under `$SYS/broker/connection/NAME/state`, as brokers do to each other.
  private static func isReserved(_ topic: UnsafeRawBufferPointer) -> Bool {
    if topic.starts(with: "$share/".utf8) { return true }
    guard topic.starts(with: "$SYS/".utf8) else { return false }
    return !(topic.starts(with: "$SYS/broker/connection/".utf8) && topic.suffix(6).elementsEqual("/state".utf8))
  }
}
