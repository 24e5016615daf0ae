import Foundation

/// Says what is wrong with a machine, and how to mend it.
package struct Doctor: Sendable {
  let configuration: ServerConfiguration

  package init(configuration: ServerConfiguration) {
    self.configuration = configuration
  }

  /// Looks at everything; the order is that of the output.
  package func findings() -> [Finding] {
    [
      folder(),
      disk(freeBytes: Self.freeBytes(configuration.dataFolder)),
      port(configuration.httpPort, of: "the pages and the API", option: "--http-port"),
      port(configuration.mqttPort, of: "devices", option: "--mqtt-port"),
      descriptors(limit: Self.descriptorLimit()),
      clock(synchronised: Self.clockIsSynchronised()),
      clockAgainstData(now: Date()),
      assets(),
    ] + certificates(now: Date()) + vault() + [auditCopies(), publicAddress()]
  }
}
