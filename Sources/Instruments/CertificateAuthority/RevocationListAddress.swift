import SwiftASN1
import X509

/// Where the list of an authority's revoked certificates is to be fetched, as a certificate's extension
/// (cRLDistributionPoints): one point, one full name, no reasons, no other issuer.
///
/// - Source: RFC 5280, section 4.2.1.13.
enum RevocationListAddress {
  static func `extension`(_ url: String) throws -> Certificate.Extension {
    let (point, fullName) = (
      ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific),
      ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
    )
    var value = DER.Serializer()
    try value.appendConstructedNode(identifier: .sequence) { points throws in
      try points.appendConstructedNode(identifier: .sequence) { one throws in
        try one.appendConstructedNode(identifier: point) { name throws in
          try name.appendConstructedNode(identifier: fullName) { names throws in
            try names.serialize(GeneralName.uniformResourceIdentifier(url))
          }
        }
      }
    }
    return Certificate.Extension(oid: [2, 5, 29, 31], critical: false, value: ArraySlice(value.serializedBytes))
  }
}
