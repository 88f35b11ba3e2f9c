# frozen_string_literal: true

require "json"
require "openssl"

# For a customer's backend: proves to Countersign who is logged in there, and
# checks that a request came from Countersign. No dependencies; Ruby 3.0 or later.
module Countersign
  VERSION = "0.1.0"

  # dialect => what its keys may sign: u, the user id; e, the email.
  HASHES = {
    "native" => "ue", "intercom" => "ue", "helpscout" => "e", "pylon" => "e", "ensoras" => "e",
    "chatwoot" => "ue", "crisp" => "e", "tawk" => "ue", "front" => "e", "plain" => "e", "gleap" => "u", "novu" => "u", "featurebase" => "ue"
  }.freeze
  # dialect => the claim that names the person, the scope, and whether a channel must be named.
  TOKENS = {
    "native-jwt" => ["user_id", nil, true], "pylon-jwt" => ["user_id", nil, true], "intercom-jwt" => ["user_id", nil, false],
    "zendesk-jwt" => ["external_id", "user", false], "freshchat-jwt" => ["reference_id", nil, false]
  }.freeze
  private_constant :HASHES, :TOKENS

  # What was passed cannot be signed.
  class InputError < ArgumentError; end

  # A request is not from Countersign, or not from now.
  class Refused < StandardError
    # "proof_missing", "proof_malformed", "proof_mismatch", "token_expired" or "token_early"
    attr_reader :reason

    def initialize(reason, message)
      super("refused #{reason}: #{message}")
      @reason = reason
    end
  end

  TOLERANCE = 300 # seconds that a request's time may lie from ours
  MAX_NUMBER = (2**53) - 1
  SIGNATURE = "X-HelpScout-Signature"
  ISSUED_AT = "issued-at"
  OURS = ["conversation-id", "conversation-number", "customer-id", "mailbox-id", "user-id", "installation-ids",
          "application-id", "application-slug", ISSUED_AT, "tier", SIGNATURE.downcase].freeze
  CONTROL = /[\u0000-\u001f\u007f-\u009f]/
  BLANK = /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
  private_constant :MAX_NUMBER, :SIGNATURE, :ISSUED_AT, :OURS, :CONTROL, :BLANK

  class << self
    # The identity hash, 64 hexadecimal digits, over the one field that the key signs.
    def user_hash(secret, user_id: nil, email: nil, dialect: "native")
      raise InputError, "no such dialect with a hash" unless HASHES.key?(dialect.to_s)

      key = key_of(secret, dialect.to_s)
      user, mail = identity(user_id, email)
      raise InputError, "a hash covers one field: give the one that the key signs" unless user.empty? || mail.empty?
      raise InputError, "a key of #{dialect} does not sign this field" unless HASHES[dialect.to_s].include?(user.empty? ? "e" : "u")

      message = user.empty? ? mail : user
      # Languages disagree on lowering outside ASCII; the gate takes this.
      message = message.downcase(:ascii) if dialect.to_s == "ensoras"
      OpenSSL::HMAC.hexdigest("SHA256", key, message)
    end

    # A v1 token for a channel (its id or slug); it lives as long as the channel says.
    def token_v1(secret, channel:, user_id: nil, email: nil, now: Time.now)
      key = key_of(secret, "native-v1")
      user, mail = identity(user_id, email)
      place = channel_of(channel)
      issued = time_of(now).to_s
      signed = ["countersign.v1", place, user, mail, issued].map { |t| "#{t.bytesize}:#{t}," }.join
      ["v1", encode(place), issued, encode(user), encode(mail), encode(sha256(key, signed))].join(".")
    end

    # A JSON Web Token, HS256. intercom-jwt may leave out the channel.
    def token_jwt(secret, channel: nil, user_id: nil, email: nil, dialect: "native-jwt", life: 600, claims: {}, now: Time.now)
      dialect = dialect.to_s
      person, scope, named = TOKENS.fetch(dialect) { raise InputError, "no such dialect with a JWT" }
      key = key_of(secret, dialect)
      user, mail = identity(user_id, email)
      life = Integer(life)
      raise InputError, "the life of a token is a number of seconds, for pylon-jwt 900 at most" if life < 1 || (dialect == "pylon-jwt" && life > 900)
      raise InputError, "a token of #{dialect} names the user id" if !named && user.empty?
      raise InputError, "a token of pylon-jwt names the email" if dialect == "pylon-jwt" && mail.empty?

      issued = time_of(now)
      said = { "iat" => issued, "exp" => issued + life }
      said["aud"] = channel_of(channel) if channel || named
      said[person] = user unless user.empty?
      said["email"] = mail unless mail.empty?
      said["scope"] = scope if scope
      claims.each do |name, value|
        raise InputError, "the claim #{name} has an argument of its own" if name.to_s == person || (scope && name.to_s == "scope")

        said[claim_name(name)] = claim_value(value)
      end
      signed = "#{encode('{"alg":"HS256","typ":"JWT"}')}.#{encode(JSON.generate(said))}"
      "#{signed}.#{encode(sha256(key, signed))}"
    end

    # Checks the Standard Webhooks headers over the raw body. headers: a hash or pairs, or
    # a Rack environment. secrets: as they are shown (whsec_...), several during a rotation.
    def verify_webhook(secrets, headers, body, now: Time.now)
      keys = texts(secrets).map { |s| webhook_key(s) }
      id, stamp, listed = %w[webhook-id webhook-timestamp webhook-signature].map { |n| one(headers, n) }
      at = seconds(stamp, "webhook-timestamp")
      raise Refused.new("proof_malformed", "webhook-id has a character that an id cannot have.") unless id.b.match?(%r{\A[!-\-/-~]{1,255}\z}n)

      macs = signatures(listed)
      signed = "#{id}.#{stamp}.".b + body.b
      matched = false
      keys.each do |key|
        want = sha256(key, signed)
        macs.each { |mac| matched = OpenSSL.fixed_length_secure_compare(want, mac) || matched }
      end
      raise Refused.new("proof_mismatch", "No signature belongs to this id, time, body and secret.") unless matched

      judge(at, now)
    end

    # Checks the raw query of a frame's address (the text after ?) and answers with the
    # signed parameters, a hash in their order; believe no others. own: the parameters
    # that your app's own address has, which are not signed.
    def verify_query(secrets, query, own: [], now: Time.now)
      keys = texts(secrets)
      if texts(own).any? { |n| OURS.include?(n.downcase) || !plain?(n) }
        raise InputError, "an own parameter has one of Countersign's names or an odd character"
      end

      signed = read(query.b).reject { |name, _| own.include?(name) }
      sent = signed.delete(SIGNATURE)
      raise Refused.new("proof_missing", "The address has no #{SIGNATURE}.") if sent.nil? || sent.empty?

      mac = strict(sent, 20, "The signature is not 20 bytes in base64.")
      signed.transform_values! { |v| v.force_encoding(Encoding::UTF_8) }
      raise Refused.new("proof_malformed", "A parameter is not UTF-8.") unless signed.values.all?(&:valid_encoding?)

      if !any?(keys, php(signed), mac) || signed.empty?
        raise Refused.new("proof_mismatch", "The signature does not belong to these parameters and this secret.")
      end

      judge(seconds(signed[ISSUED_AT], ISSUED_AT), now) if signed.key?(ISSUED_AT)
      signed
    end

    # Checks the header X-HelpScout-Signature over the raw body. It has no time, so a
    # replay verifies: check verify_webhook too where its headers are there.
    def verify_body(secrets, headers, body)
      keys = texts(secrets)
      mac = strict(one(headers, SIGNATURE), 20, "The signature is not 20 bytes in base64.")
      raise Refused.new("proof_mismatch", "The signature does not belong to this body and secret.") unless any?(keys, body.b, mac)
    end

    private

    def key_of(secret, dialect)
      text = utf8(secret, "the secret")
      raise InputError, "the secret is empty" if text.empty?
      return text unless dialect == "pylon"
      raise InputError, "this dialect's secret is hexadecimal" unless text.match?(/\A(?:[0-9a-fA-F]{2})+\z/)

      [text].pack("H*")
    end

    def identity(user_id, email)
      if user_id.is_a?(Integer)
        if user_id.abs > MAX_NUMBER
          raise InputError, "a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page"
        end

        user_id = user_id.to_s
      end
      user = utf8(user_id.nil? ? "" : user_id, "the user id")
      mail = utf8(email.nil? ? "" : email, "the email")
      raise InputError, "neither a user id nor an email was given" if user.empty? && mail.empty?
      raise InputError, "a user id is 1 to 255 bytes without control characters" if user.bytesize > 255 || user.match?(CONTROL)
      unless mail.empty? || (mail.bytesize <= 254 && mail.match?(/\A[^@]+@[^@]+\z/) && !mail.match?(BLANK))
        raise InputError, "an email is at most 254 bytes with exactly one @, something on both sides and no blank"
      end

      [user, mail]
    end

    def utf8(value, what)
      raise InputError, "#{what} is no text" unless value.is_a?(String)

      # Bytes as a request or a database gives them are UTF-8.
      text = value.encoding == Encoding::BINARY ? value.dup.force_encoding(Encoding::UTF_8) : value.encode(Encoding::UTF_8)
      raise InputError, "#{what} is no valid Unicode" unless text.valid_encoding?

      text
    rescue EncodingError
      raise InputError, "#{what} is no valid Unicode"
    end

    def texts(values)
      raise InputError, "a list of texts is expected" unless values.is_a?(Array)
      raise InputError, "a secret or a name is empty or no text" unless values.all? { |v| v.is_a?(String) && !v.empty? }

      values
    end

    def channel_of(channel)
      text = utf8(channel.nil? ? "" : channel, "the channel")
      raise InputError, "a token names its channel" if text.empty?

      text
    end

    def time_of(now)
      at = now.to_i
      raise InputError, "a time lies after 1970" if at < 1

      at
    end

    def claim_name(name)
      text = utf8(name.to_s, "the name of a claim")
      raise InputError, "the claim #{text} has an option of its own" if %w[aud iat exp user_id email].include?(text)

      text
    end

    def claim_value(value)
      case value
      when String then utf8(value, "a claim")
      when Integer, true, false, nil then value
      when Float then value.finite? ? value : raise(InputError, "a claim is a finite number")
      else raise InputError, "a claim is text, a number, a boolean or nil"
      end
    end

    def encode(data) = [data].pack("m0").tr("+/", "-_").delete("=")

    def sha256(key, text) = OpenSSL::HMAC.digest("SHA256", key, text)

    def any?(keys, text, mac)
      matched = false
      keys.each { |key| matched = OpenSSL.fixed_length_secure_compare(OpenSSL::HMAC.digest("SHA1", key, text), mac) || matched }
      matched
    end

    # Standard base64 with its padding, one spelling a value.
    def decode(text)
      data = text.b.unpack1("m0")
      [data].pack("m0") == text.b ? data : ""
    rescue ArgumentError
      ""
    end

    def webhook_key(secret)
      key = decode(secret.delete_prefix("whsec_"))
      raise InputError, "a webhook secret is whsec_ and base64" if key.empty?

      key
    end

    def strict(text, size, message)
      data = decode(text)
      raise Refused.new("proof_malformed", message) unless data.bytesize == size

      data
    end

    def one(headers, name)
      rack = "HTTP_#{name.upcase.tr('-', '_')}"
      values = headers.to_a.select { |n, _| n.to_s.casecmp?(name) || n == rack }.flat_map { |_, v| v }.compact
      raise Refused.new("proof_malformed", "#{name} occurs more than once.") if values.size > 1
      raise Refused.new("proof_missing", "#{name} is missing.") if values.empty? || values[0].empty?

      values[0]
    end

    def signatures(listed)
      items = listed.b.split(" ", -1)
      raise Refused.new("proof_malformed", "webhook-signature holds more than 16 signatures.") if items.size > 16

      macs = items.select { |i| i.start_with?("v1,") }.map { |i| strict(i[3..], 32, "A v1 signature is not 32 bytes in base64.") }
      raise Refused.new("proof_missing", "webhook-signature holds no v1 signature.") if macs.empty?

      macs
    end

    def read(query)
      params = {}
      query.split("&").each do |pair|
        next if pair.empty?

        name, _, value = pair.partition("=").map { |part| unescape(part) }
        raise Refused.new("proof_malformed", "A parameter's name has an odd character.") unless plain?(name)
        raise Refused.new("proof_malformed", "A parameter occurs twice.") if params.key?(name)

        params[name] = value
      end
      params
    end

    def unescape(raw)
      raise Refused.new("proof_malformed", "The query is not percent-encoded properly.") if raw.match?(/%(?![0-9a-fA-F]{2})/n)

      raw.tr("+", " ").gsub(/%(..)/n) { Regexp.last_match(1).hex.chr }
    end

    # Letters, digits, _ and -, and not a number: PHP would read another name.
    def plain?(name) = name.b.match?(/\A[A-Za-z0-9_-]+\z/n) && name.b.match?(/[A-Za-z_]/n)

    # What PHP's json_encode prints: / escaped, and everything outside ASCII.
    def php(params)
      "{#{params.map { |n, v| "#{php_text(n)}:#{php_text(v)}" }.join(',')}}"
    end

    def php_text(text)
      escaped = text.dup.force_encoding(Encoding::UTF_8).gsub(%r{["\\/\u0000-\u001f\u0080-\u{10ffff}]}) do |c|
        short = { "\"" => "\"", "\\" => "\\", "/" => "/", "\b" => "b", "\f" => "f", "\n" => "n", "\r" => "r", "\t" => "t" }[c]
        short ? "\\#{short}" : c.encode(Encoding::UTF_16BE).unpack("n*").map { |unit| format("\\u%04x", unit) }.join
      end
      "\"#{escaped}\""
    end

    def seconds(text, name)
      raise Refused.new("proof_malformed", "#{name} is no time in seconds since 1970.") unless text.b.match?(/\A[1-9][0-9]{0,17}\z/n)

      text.to_i
    end

    def judge(at, now)
      now = now.to_f
      raise Refused.new("token_expired", "The request was signed too long ago.") if now - at > TOLERANCE
      raise Refused.new("token_early", "The request was signed in the future: a clock is wrong.") unless at - now <= TOLERANCE
    end
  end
end
