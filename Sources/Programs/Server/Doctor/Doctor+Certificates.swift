import Foundation

/// Certificates near their end.
extension Doctor {
  func certificates(now: Date) -> [Finding] {
    let folder = configuration.dataFolder.appendingPathComponent("ca")
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    return [certificate(endsAt: PlatformCertificates.serverEnd(folder), now: now)]
  }

  /// Whether identity certificates can say where their list is.
  func publicAddress() -> Finding {
    guard let address = configuration.publicAddress else {
      return .good("identity certificates carry no address of their list: there is no --public-address")
    }
    return .good("identity certificates carry the address of their list, below \(address)")
  }

  func certificate(endsAt end: Int64?, now: Date) -> Finding {
    guard let end else {
      return .wrong("the server's certificate cannot be read", remedy: "remove ca/server.pem; the next start makes one")
    }
    let days = Int((Double(end) - now.timeIntervalSince1970) / 86_400)
    let remedy = "restart the server: it makes a new one"
    if days < 0 { return .wrong("the server's certificate has ended", remedy: remedy) }
    let text = "the server's certificate is good for \(days) days"
    return days < Int(PlatformCertificates.renewWithinDays) ? .warning(text, remedy: remedy) : .good(text)
  }
}
