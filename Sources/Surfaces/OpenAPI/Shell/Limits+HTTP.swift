package import HummingbirdCore
import NIOCore

extension Limits {
  /// What the program gives to the HTTP/1.1 channel, and to the streams of HTTP/2.
  ///
  /// The idle time also ends a connection whose request head or body stops arriving (slowloris).
  package static func channelConfiguration(idleSecondsMax: Int = Limits.idleSecondsMax) -> HTTP1Channel.Configuration {
    HTTP1Channel.Configuration(
      idleTimeout: .seconds(Int64(idleSecondsMax)),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: headerBytesMax, maxHeaderListSize: headerBytesMax, maxHeaderFieldCount: headersMax))
  }
}
