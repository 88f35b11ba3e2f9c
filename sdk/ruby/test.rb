# frozen_string_literal: true

# Runs spec/vectors and sdk/testdata/cases.json; prints each proof for the gate to judge.
# An unknown field is fatal: a vector that a reader does not understand tests nothing.

require_relative "lib/countersign"
require "time"

$checked = 0

def known(value, names)
  unknown = value.keys - names.split
  raise "unknown fields #{unknown}" unless unknown.empty?
end

def read(path, fields)
  text = File.read(File.join(__dir__, "../..", path), encoding: "UTF-8")
  # JSON refuses half a surrogate pair; U+E000 stands for it until torn makes it the bytes that Ruby would have.
  text.gsub!(/\\ud[89ab]..\\ud[c-f]..|\\ud[89a-f]..|\\./) { |unit| unit.size == 6 && unit.match?(/\A\\ud[89a-f]/) ? "\\ue000" : unit }
  data = JSON.parse(text)
  known(data, fields[""])
  fields.each { |part, names| (data[part] || []).each { |v| known(v, names) } unless part.empty? }
  data
end

def same(got, want, what)
  $checked += 1
  raise "#{what}: #{got.inspect}, wanted #{want.inspect}" unless got == want
end

def refused(kind, what)
  $checked += 1
  begin
    yield
  rescue kind => e
    return e
  end
  raise "#{what}: not refused"
end

def unpack(part) = part.tr("-_", "+/").unpack1("m").force_encoding("UTF-8")

def torn(value) = value.is_a?(String) ? value.b.gsub("\u{e000}".b, "\xED\xA0\x80".b).force_encoding("UTF-8") : value

def proofs(name)
  read("spec/vectors/#{name}.json", { "" => "about vectors", "vectors" => "name note keys assertion now expect" })["vectors"].each do |v|
    known(v["assertion"], "dialect platform user_id email name hash jwt attributes")
    known(v["expect"], "verified method key email name attributes reason")
    v["keys"].each { |k| known(k, "id dialect secret secret_base64 signs platforms audiences max_life state ends sign_by") }
    yield v, v["keys"][0], v["assertion"], v["expect"]
  end
end

def hashes(file)
  proofs(file) do |v, key, a, expect|
    next if !key["secret"] || a["jwt"] || key["dialect"].match?(/-(jwt|v1)\z/)
    next if v["name"] == "user id -0" # which Ruby reads as 0

    reason = expect["reason"]
    field = expect["verified"]&.split(":")&.first || (key["signs"] == "either" ? "user_id" : key["signs"])
    sign = -> { Countersign.user_hash(key["secret"], dialect: key["dialect"], field.to_sym => torn(a[field])) }
    if %w[identifier_malformed identifier_missing].include?(reason)
      refused(Countersign::InputError, v["name"]) { sign.call }
    elsif reason == "proof_mismatch"
      raise v["name"] if sign.call == a["hash"].downcase
    elsif !reason && !v["name"].start_with?("ensoras lowered by", "ensoras dotted") # other lowerings, which the gate takes too
      sent = a["hash"].delete("-")
      same(sign.call, sent.size == 64 ? sent.downcase : sent.unpack1("m").unpack1("H*"), v["name"])
    end
  end
end

def v1
  proofs("v1") do |v, key, a, expect|
    next unless expect["verified"]

    _, channel, issued, user, mail, = a["jwt"].split(".")
    made = Countersign.token_v1(key["secret"], channel: unpack(channel), user_id: unpack(user), email: unpack(mail), now: issued.to_i)
    same(made, a["jwt"], v["name"])
  end
end

def jwt
  proofs("jwt") do |v, key, a, expect|
    next unless expect["verified"] && key["secret"]

    claims = JSON.parse(unpack(a["jwt"].split(".")[1]))
    # The library makes no other token.
    next unless (claims["aud"].nil? || claims["aud"].is_a?(String)) && claims["exp"].is_a?(Integer)
    next if claims.values.any? { |c| c.is_a?(Hash) || c.is_a?(Array) }

    rest = claims.reject { |n, _| %w[aud iat exp user_id email].include?(n) }
    made = Countersign.token_jwt(key["secret"], dialect: key["dialect"], channel: claims["aud"], user_id: claims["user_id"], email: claims["email"],
                                                claims: rest, now: claims["iat"], life: claims["exp"] - claims["iat"])
    claims["user_id"] = claims["user_id"].to_s if claims.key?("user_id")
    signed, mac = made.match(/\A(.*)\.(.*)\z/).captures
    same(JSON.parse(unpack(signed.split(".")[1])), claims, v["name"])
    same(unpack(mac).b, OpenSSL::HMAC.digest("SHA256", key["secret"], signed), v["name"])
  end
end

def scalars
  read("spec/vectors/scalar.json", { "" => "about vectors", "vectors" => "json text ok note" })["vectors"].each do |v|
    if v["ok"] && !v["text"].empty?
      same(Countersign.user_hash("s", user_id: v["json"]), Countersign.user_hash("s", user_id: v["text"]), v)
    elsif !(v["json"].eql?(0) && !v["ok"]) # -0, as above
      refused(Countersign::InputError, v) { Countersign.user_hash("s", user_id: torn(v["json"])) }
    end
  end
  read("spec/vectors/fold.json", { "" => "about vectors", "vectors" => "in out valid_email note" })["vectors"].each do |v|
    if v["valid_email"]
      same(Countersign.user_hash("s", email: v["in"]).size, 64, v)
    else
      refused(Countersign::InputError, v) { Countersign.user_hash("s", email: v["in"]) }
    end
  end
end

def requests
  data = read("spec/vectors/requests.json",
              { "" => "about query query_refused body webhook hmac_sha1", "query" => "name secret url own json signature signed_url",
                "query_refused" => "name secret url own now reason", "body" => "name secret body signature",
                "webhook" => "name secrets headers body now reason", "hmac_sha1" => "name key data mac" })
  data["query"].each do |v|
    got = Countersign.verify_query(["another", v["secret"]], v["signed_url"].split("?", 2)[1], own: v["own"] || [], now: Time.iso8601("2026-03-01T12:00:00Z"))
    same(got.to_a, JSON.parse(v["json"]).to_a, v["name"])
  end
  data["query_refused"].each do |v|
    e = refused(Countersign::Refused, v["name"]) do
      Countersign.verify_query([v["secret"]], v["url"].split("?", 2)[1], own: v["own"] || [], now: Time.iso8601(v["now"]))
    end
    same(e.reason, v["reason"], v["name"])
  end
  data["body"].each do |v|
    headers = { "HTTP_X_HELPSCOUT_SIGNATURE" => v["signature"] }
    Countersign.verify_body(["another", v["secret"]], headers, v["body"])
    e = refused(Countersign::Refused, v["name"]) { Countersign.verify_body([v["secret"]], headers, "#{v['body']} ") }
    same(e.reason, "proof_mismatch", v["name"])
  end
  data["webhook"].each do |v|
    verify = -> { Countersign.verify_webhook(v["secrets"], v["headers"], v["body"], now: Time.iso8601(v["now"])) }
    if v["reason"]
      same(refused(Countersign::Refused, v["name"]) { verify.call }.reason, v["reason"], v["name"])
    else
      same(verify.call, nil, v["name"])
    end
  end
  refused(Countersign::InputError, "an empty secret") { Countersign.verify_body([""], {}, "") }
  refused(Countersign::InputError, "an empty webhook secret") { Countersign.verify_webhook(["whsec_"], {}, "") }
  refused(Countersign::InputError, "a name of ours") { Countersign.verify_query(["s"], "", own: ["Tier"]) }
end

def cases
  fields = "name make dialect secret channel user_id email now life claims error"
  makers = { "hash" => :user_hash, "v1" => :token_v1, "jwt" => :token_jwt }
  read("sdk/testdata/cases.json", { "" => "about cases", "cases" => fields })["cases"].each_with_index do |c, i|
    options = c.reject { |n, _| %w[name make secret error].include?(n) }.transform_keys(&:to_sym)
    if c["error"]
      refused(Countersign::InputError, c["name"]) { Countersign.public_send(makers[c["make"]], c["secret"], **options) }
    else
      puts "proof #{i} #{Countersign.public_send(makers[c['make']], c['secret'], **options)}"
    end
  end
end

hashes("published")
hashes("hash")
v1
jwt
scalars
requests
cases
puts "checked #{$checked}"
