import Devices
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension OpenAPISurface {
  /// Certificates of devices: from a request, renewed by another request, revoked.
  static func certificateEndpoints(_ devices: Devices) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/devices/{device}/certificates", "listCertificates", tag: "certificates",
        "The certificates the platform gave to a device.",
        access: .permission(.devicesRead), parameters: [.device], answer: .json(CertificatesBody.schema)
      ) { call in
        let items = try await devices.certificates(try call.id("device"), by: try call.principal())
        return try call.answer(CertificatesBody(items: items.map { CertificateBody($0) }))
      },
      Endpoint(
        .post, "/api/v1/devices/{device}/certificates", "issueCertificate", tag: "certificates",
        "Issues a certificate from a request; renewing is issuing again before the old one ends.",
        access: .permission(.devicesWrite), parameters: [.device], body: .json(CertificateRequestBody.self),
        answer: .json(IssuedCertificateBody.schema, .created), problems: [.conflict]
      ) { call in
        let body = try await call.body(CertificateRequestBody.self)
        let issued = try await devices.issueCertificate(
          try call.id("device"), requestPEM: body.requestPEM, validityDays: body.validityDays,
          by: try call.principal())
        return try call.answer(IssuedCertificateBody(issued))
      },
      Endpoint(
        .post, "/api/v1/devices/{device}/certificates/{certificate}/revocation", "revokeCertificate",
        tag: "certificates", "Revokes a certificate; a session that uses it ends within a second.",
        access: .permission(.devicesWrite),
        parameters: [.device, .path("certificate", "Its serial, hexadecimal.", .text(1...64, example: "4f2a"))],
        body: .json(RevocationBody.self), answer: .json(CertificateBody.schema)
      ) { call in
        let body = try await call.body(RevocationBody.self)
        let revoked = try await devices.revokeCertificate(
          try call.id("device"), serial: try call.text("certificate"), reason: body.reason, by: try call.principal())
        return try call.answer(CertificateBody(revoked))
      },
      Endpoint(
        .get, "/api/v1/revocation-list", "getRevocationList", tag: "certificates",
        "The CA's list of revoked certificates, DER.",
        access: .permission(.devicesRead),
        answer: Endpoint.Answer(
          status: .ok, mediaType: "application/pkix-crl", schema: .text(0...Int(Int32.max), example: "…"))
      ) { call in
        let list = try await devices.revocationList(by: try call.principal())
        return Response(
          status: .ok, headers: [.contentType: "application/pkix-crl", .cacheControl: "no-store"],
          body: .init(byteBuffer: ByteBuffer(bytes: list)))
      },
    ]
  }
}
