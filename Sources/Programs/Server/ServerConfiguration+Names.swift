import CertificateAuthority
import Foundation

extension ServerConfiguration {
  /// What clients may call this server: goes into its certificate.
  var serverNames: [CertificateAuthority.ServerName] {
    var names = ["localhost", "127.0.0.1", "::1"] + self.names
    if isOnAllAddresses { names.append(ProcessInfo.processInfo.hostName) } else { names.append(listenAddress) }
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }.map { Self.isAddress($0) ? .ip($0) : .dns($0) }
  }

  /// The address that is shown to people.
  var shownAddress: String {
    guard isOnAllAddresses else { return listenAddress.contains(":") ? "[\(listenAddress)]" : listenAddress }
    return names.first ?? ProcessInfo.processInfo.hostName
  }

  private var isOnAllAddresses: Bool { listenAddress == "0.0.0.0" || listenAddress == "::" }

  private static func isAddress(_ text: String) -> Bool {
    text.contains(":") || text.split(separator: ".").count == 4 && text.allSatisfy { $0 == "." || $0.isNumber }
  }
}
