import CertificateAuthority
import Devices
import Kernel
import MQTT

/// Who may come in: a pure decision on what the client showed and what the registry says.
struct ConnectDecision {
  /// Why a client is turned away.
  enum Refusal: String, Sendable, CaseIterable {
    case noCertificate = "no certificate"
    case certificateUnreadable = "the certificate does not name a device"
    case certificateExpired = "the certificate is not valid now"
    case certificateRevoked = "the certificate is revoked"
    case deviceUnknown = "no device of this name is registered"
    case deviceDecommissioned = "the device is out of service"
    case clientID = "the client id is not the device's name"
    case throughGateway = "the device comes through its gateway"

    /// As MQTT 5 tells it; 3.1.1 gets the nearest return code.
    var reason: MQTTReasonCode {
      switch self {
      case .noCertificate, .certificateUnreadable, .certificateExpired, .deviceUnknown, .throughGateway:
        .notAuthorized
      case .certificateRevoked, .deviceDecommissioned: .banned
      case .clientID: .clientIdentifierNotValid
      }
    }
  }

  let entry: DeviceDirectory.Entry
  /// When its certificate ends; nil on the plain listener.
  let certificateEnds: Instant?
  /// Its certificate's serial number, hexadecimal; nil on the plain listener.
  let serial: String?

  /// - Parameters:
  ///   - certificate: the client's own, in DER, verified by the TLS library; nil on the plain listener.
  ///   - plain: the bench's listener is open: a client without a certificate is the device that its client id names.
  static func decide(
    clientID: String, certificate: [UInt8]?, plain: Bool, directory: DeviceDirectory.Snapshot,
    revoked: RevokedCertificates, now: Instant
  ) -> Result<ConnectDecision, RefusalError> {
    var name = clientID
    var (ends, serial): (Instant?, String?) = (nil, nil)
    if let certificate {
      guard let peer = PeerCertificate(der: certificate), let named = deviceName(peer) else {
        return .failure(RefusalError(.certificateUnreadable))
      }
      // The TLS library checked the times at the handshake; a resumed session is not checked again there.
      guard peer.isValid(at: now.milliseconds / 1_000) else { return .failure(RefusalError(.certificateExpired)) }
      guard !revoked.contains(peer.serialText) else { return .failure(RefusalError(.certificateRevoked)) }
      guard named == clientID else { return .failure(RefusalError(.clientID)) }
      name = named
      ends = Instant(milliseconds: peer.notAfter * 1_000)
      serial = peer.serialText
    } else if !plain {
      return .failure(RefusalError(.noCertificate))
    }
    guard let entry = directory[name] else { return .failure(RefusalError(.deviceUnknown)) }
    guard !entry.decommissioned else { return .failure(RefusalError(.deviceDecommissioned)) }
    guard entry.gateway == nil else { return .failure(RefusalError(.throughGateway)) }
    return .success(ConnectDecision(entry: entry, certificateEnds: ends, serial: serial))
  }

  private static func deviceName(_ peer: PeerCertificate) -> String? {
    let names = peer.uris.filter { $0.hasPrefix(Devices.certificateNamePrefix) }
    guard names.count == 1 else { return nil }
    return DeviceName(String(names[0].dropFirst(Devices.certificateNamePrefix.count)))?.description
  }

  struct RefusalError: Error {
    let refusal: Refusal

    init(_ refusal: Refusal) { self.refusal = refusal }
  }
}
