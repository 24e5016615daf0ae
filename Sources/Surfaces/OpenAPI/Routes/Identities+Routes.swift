import HTTPTypes
import Hummingbird
package import Identities
import Kernel
import NIOCore

extension OpenAPISurface {
  /// Identity certificates of third parties: authorities, certificates, revocation lists.
  package static func endpoints(of identities: Identities) -> [Endpoint] {
    identityAuthorityEndpoints(identities) + publishedEndpoints(identities) + identityReadEndpoints(identities)
      + identityWriteEndpoints(identities)
  }

  private static func identityAuthorityEndpoints(_ identities: Identities) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/identity-authorities", "listIdentityAuthorities", tag: "identities",
        "The organisation's authorities: of P-256 for TLS, of SM2 for applications; the newest of each first.",
        access: .permission(.identitiesRead), answer: .json(IdentityAuthoritiesBody.schema)
      ) { call in
        let found = try await identities.authorities(by: try call.principal())
        return try call.answer(IdentityAuthoritiesBody(items: found.map { IdentityAuthorityBody($0, identities) }))
      },
      Endpoint(
        .post, "/api/v1/identity-authorities", "establishIdentityAuthority", tag: "identities",
        "Establishes an authority whose key two custodians approved, the first of its chain or the one that follows "
          + "the one that issues; needs the second factor, shown just now.",
        access: .permission(.identitiesAuthorities), body: .json(NewIdentityAuthorityBody.self),
        answer: .json(IdentityAuthorityBody.schema, .created), problems: [.conflict, .serviceUnavailable]
      ) { call in
        let body = try await call.body(NewIdentityAuthorityBody.self)
        let made = try await identities.establish(
          body.chain, following: body.follows, by: try call.principal())
        return try call.answer(IdentityAuthorityBody(made, identities))
      },
      Endpoint(
        .post, "/api/v1/identity-authorities/{authority}/takeover", "takeOverIdentityAuthority", tag: "identities",
        "Lets the next authority of a chain issue; what the one before issued stays good until it ends.",
        access: .permission(.identitiesAuthorities), parameters: [.identityAuthority],
        answer: .json(IdentityAuthorityBody.schema), problems: [.conflict]
      ) { call in
        let moved = try await identities.takeOver(try call.id("authority"), by: try call.principal())
        return try call.answer(IdentityAuthorityBody(moved, identities))
      },
      Endpoint(
        .post, "/api/v1/identity-authorities/{authority}/retirement", "retireIdentityAuthority", tag: "identities",
        "Ends a superseded authority for good, once all that it issued has ended.",
        access: .permission(.identitiesAuthorities), parameters: [.identityAuthority],
        answer: .json(IdentityAuthorityBody.schema), problems: [.conflict]
      ) { call in
        let retired = try await identities.retire(try call.id("authority"), by: try call.principal())
        return try call.answer(IdentityAuthorityBody(retired, identities))
      },
    ]
  }

  /// What anybody may fetch: whoever is shown a certificate needs it to believe it or not.
  private static func publishedEndpoints(_ identities: Identities) -> [Endpoint] {
    let authority = Endpoint.Parameter.identityAuthority
    return [
      Endpoint(
        .get, "/api/v1/identity-authorities/{authority}/certificate", "getIdentityAuthorityCertificate",
        tag: "identities", "An authority's certificate, PEM.", access: .open, parameters: [authority],
        answer: Endpoint.Answer(
          status: .ok, mediaType: "application/x-pem-file", schema: .text(0...32_768, example: "…"))
      ) { call in
        let found = try await identities.published(try call.id("authority"))
        return published(
          Array(CertificateText.pem(found.certificate).utf8), "application/x-pem-file",
          name: "anju-\(found.chain.rawValue)-ca.pem")
      },
      Endpoint(
        .get, "/api/v1/identity-authorities/{authority}/revocation-list", "getIdentityRevocationList",
        tag: "identities",
        "An authority's list of revoked certificates, DER; good for seven days, made anew each day and at once when "
          + "one is revoked.",
        access: .open, parameters: [authority],
        answer: Endpoint.Answer(
          status: .ok, mediaType: "application/pkix-crl", schema: .text(0...Int(Int32.max), example: "…"))
      ) { call in
        let found = try await identities.published(try call.id("authority"))
        return published(found.list.der, "application/pkix-crl", name: "anju-\(found.chain.rawValue).crl")
      },
    ]
  }

  /// - Returns: the bytes, to be asked for again after a minute: a revocation must not wait in a cache.
  private static func published(_ bytes: [UInt8], _ mediaType: String, name: String) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: mediaType, .contentDisposition: "attachment; filename=\"\(name)\"",
        .cacheControl: "public, max-age=60",
      ], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private static func identityReadEndpoints(_ identities: Identities) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/identity-certificates", "listIdentityCertificates", tag: "identities",
        "Identity certificates, newest first.", access: .permission(.identitiesRead),
        parameters: [
          .query("q", "Somewhere in holder, owner or serial number.", .text(1...100, example: "gate")),
          .query("chain", "Of one chain.", .choice(IdentityChain.allCases.map(\.rawValue))),
          .query("profile", "Of one profile.", .choice(IdentityProfile.allCases.map(\.rawValue))),
          .query("state", "In one state.", .choice(IdentityCertificate.State.allCases.map(\.rawValue))),
        ] + Endpoint.Parameter.paging,
        answer: .page(of: IdentityCertificateBody.self)
      ) { call in
        let query = IdentityQuery(
          text: call.value("q"), chain: call.value("chain").flatMap { IdentityChain(rawValue: $0) },
          profile: call.value("profile").flatMap { IdentityProfile(rawValue: $0) },
          state: call.value("state").flatMap { IdentityCertificate.State(rawValue: $0) }, page: try call.page())
        let now = call.tools.time.now()
        let page = try await identities.certificates(query, by: try call.principal())
        return try call.answer(page) { IdentityCertificateBody($0, at: now) }
      },
      Endpoint(
        .get, "/api/v1/identity-certificates/{certificate}", "getIdentityCertificate", tag: "identities",
        "One identity certificate.", access: .permission(.identitiesRead), parameters: [.identityCertificate],
        answer: .json(IdentityCertificateBody.schema)
      ) { call in
        let found = try await identities.certificate(try call.id("certificate"), by: try call.principal())
        return try call.answer(IdentityCertificateBody(found, at: call.tools.time.now()))
      },
      Endpoint(
        .post, "/api/v1/identity-verifications", "verifyIdentityCertificate", tag: "identities",
        "Whether to believe a certificate that somebody shows: authority, time, purpose, revocation.",
        access: .permission(.identitiesRead),
        body: .json(IdentityVerificationBody.self, bytesMax: identityBodyBytesMax),
        answer: .json(IdentityVerdictBody.schema), problems: [.contentTooLarge]
      ) { call in
        let body = try await call.body(IdentityVerificationBody.self)
        let verdict = try await identities.verify(
          body.certificatePEM, for: body.usage, by: try call.principal())
        return try call.answer(IdentityVerdictBody(verdict, at: call.tools.time.now()))
      },
    ]
  }

  private static func identityWriteEndpoints(_ identities: Identities) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/identity-certificates", "issueIdentityCertificate", tag: "identities",
        "Issues a certificate for a request; needs the second factor, shown just now.",
        access: .permission(.identitiesWrite),
        body: .json(NewIdentityCertificateBody.self, bytesMax: identityBodyBytesMax),
        answer: .json(IdentityCertificateBody.schema, .created), problems: writeProblems
      ) { call in
        let body = try await call.body(NewIdentityCertificateBody.self)
        return try issued(call, try await identities.issue(body.new, by: try call.principal()))
      },
      Endpoint(
        .post, "/api/v1/identity-certificates/{certificate}/renewal", "renewIdentityCertificate", tag: "identities",
        "Issues the certificate that follows one; the old one stays good until it ends or is revoked.",
        access: .permission(.identitiesWrite), parameters: [.identityCertificate],
        body: .json(IdentityRenewalBody.self, bytesMax: identityBodyBytesMax),
        answer: .json(IdentityCertificateBody.schema, .created), problems: writeProblems
      ) { call in
        let body = try await call.body(IdentityRenewalBody.self)
        let renewed = try await identities.renew(
          try call.id("certificate"), request: body.requestPEM, days: body.days, by: try call.principal())
        return try issued(call, renewed)
      },
      Endpoint(
        .post, "/api/v1/identity-certificates/{certificate}/revocation", "revokeIdentityCertificate",
        tag: "identities", "Revokes a certificate for good; the next list has it at once.",
        access: .permission(.identitiesWrite), parameters: [.identityCertificate],
        body: .json(IdentityRevocationBody.self), answer: .json(IdentityCertificateBody.schema)
      ) { call in
        let body = try await call.body(IdentityRevocationBody.self)
        let revoked = try await identities.revoke(
          try call.id("certificate"), reason: body.reason, note: body.note, by: try call.principal())
        return try call.answer(IdentityCertificateBody(revoked, at: call.tools.time.now()))
      },
    ]
  }

  private static func issued(_ call: Call, _ certificate: IdentityCertificate) throws -> Response {
    try call.answer(
      IdentityCertificateBody(certificate, at: call.tools.time.now()),
      headers: [.location: "/api/v1/identity-certificates/\(certificate.id)"])
  }

  private static let writeProblems: [HTTPResponse.Status] = [.conflict, .contentTooLarge, .serviceUnavailable]

  /// A request with its escapes and the other members.
  private static let identityBodyBytesMax = 64 * 1_024
}

extension Endpoint.Parameter {
  fileprivate static let identityAuthority = path("authority", "The authority's id.")
  fileprivate static let identityCertificate = path("certificate", "The certificate's id.")
}
