"""S3 through boto3 against a real server: usage: s3_boto3_test.py PROGRAM, where PROGRAM is scones."""
import base64
import concurrent.futures
import contextlib
import datetime
import hashlib
import io
import socket
import sys
import unittest
import urllib.error
import urllib.request
import zlib

import boto3
import botocore
from botocore.exceptions import ClientError

import harness

BOTO3 = tuple(int(part) for part in boto3.__version__.split(".")[:2])
SENDS_CHECKSUMS = BOTO3 >= (1, 36)
MIB = 1024 * 1024
server = None


def pattern(size, seed=1):
    return (hashlib.sha256(str(seed).encode()).digest() * (size // 32 + 1))[:size]


@contextlib.contextmanager
def names_below_localhost():
    """Resolves bucket.localhost, as browsers and systemd do but not every C library."""
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *rest, **options: resolve(
        "127.0.0.1" if host.endswith(".localhost") else host, *rest, **options)
    try:
        yield
    finally:
        socket.getaddrinfo = resolve


class S3Test(unittest.TestCase):
    count = 0

    def setUp(self):
        S3Test.count += 1
        self.s3 = server.client("s3", s3={"addressing_style": "path"})
        self.bucket = f"test-{S3Test.count}-bucket"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key, body=b"", **options):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **options)

    def get(self, key, **options):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **options)["Body"].read()

    def fails(self, status, code, call, **options):
        with self.assertRaises(ClientError) as caught:
            call(**options)
        response = caught.exception.response
        found = (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"])
        self.assertEqual(found, (status, code))
        return response

    def object_fails(self, status, code, call, **options):
        return self.fails(status, code, call, Bucket=self.bucket, **options)


class Objects(S3Test):
    def test_bodies_of_all_sizes_come_back(self):
        for size in (0, 1, 4096, 65536, 65537, 8 * MIB):
            body = pattern(size)
            receipt = self.put("k", body)
            self.assertEqual(receipt["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
            self.assertEqual(self.get("k"), body)
            self.assertEqual(self.s3.head_object(Bucket=self.bucket, Key="k")["ContentLength"], size)

    def test_headers_and_metadata_are_kept_and_replaced_by_the_next_put(self):
        expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        self.put("k", b"x", ContentType="image/png", CacheControl="max-age=5", Expires=expires,
                 ContentDisposition="attachment", ContentLanguage="de", Metadata={"a": "1", "b": ""})
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual(head["ContentType"], "image/png")
        self.assertEqual(head["CacheControl"], "max-age=5")
        self.assertEqual(head["ContentDisposition"], "attachment")
        self.assertEqual(head["ContentLanguage"], "de")
        self.assertEqual(head["Metadata"], {"a": "1", "b": ""})
        self.assertIn("2030", str(head["ResponseMetadata"]["HTTPHeaders"]["expires"]))
        self.put("k", b"x")
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual(head["Metadata"], {})
        self.assertEqual(head["ContentType"], "binary/octet-stream")

    def test_aws_chunked_is_not_a_property_of_the_object(self):
        for sent, kept in (("gzip", "gzip"), ("deflate, gzip", "deflate, gzip"),
                           ("gzip, aws-chunked", "gzip"), ("aws-chunked, gzip", "gzip"),
                           ("aws-chunked", None)):
            self.put("k", b"x", ContentEncoding=sent)
            head = self.s3.head_object(Bucket=self.bucket, Key="k")
            self.assertEqual(head.get("ContentEncoding"), kept, sent)

    def test_ranges(self):
        for size in (11, 9 * MIB):
            body = pattern(size)
            self.put("k", body)
            for text, low, high in (("bytes=4-7", 4, 8), ("bytes=4-", 4, size),
                                    ("bytes=-7", size - 7, size)):
                got = self.s3.get_object(Bucket=self.bucket, Key="k", Range=text)
                self.assertEqual(got["Body"].read(), body[low:high])
                self.assertEqual(got["ContentRange"], f"bytes {low}-{high - 1}/{size}")
                self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 206)
        self.object_fails(416, "InvalidRange", self.s3.get_object, Key="k", Range="bytes=99999999-")
        self.put("empty")
        self.object_fails(416, "InvalidRange", self.s3.get_object, Key="empty", Range="bytes=40-50")

    def test_keys_that_look_dangerous_are_just_keys(self):
        keys = ["../../etc/passwd", "/lead", "a//b", "a/./b", "a/../b", "%2e%2e/x", "x%2fy", " ",
                "+", "é/漢字", "q?x=1&y", "<&>\"'", "a\x01b", "ends/", "_ _"]
        for key in keys:
            self.put(key, key.encode())
        for key in keys:
            self.assertEqual(self.get(key), key.encode())
        listed = [o["Key"] for o in self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]]
        self.assertEqual(listed, sorted(keys, key=lambda key: key.encode()))
        result = self.s3.delete_objects(
            Bucket=self.bucket,
            Delete={"Objects": [{"Key": key} for key in keys if "\x01" not in key]})
        self.assertNotIn("Errors", result)
        self.s3.delete_object(Bucket=self.bucket, Key="a\x01b")
        self.assertNotIn("Contents", self.s3.list_objects_v2(Bucket=self.bucket))
        self.object_fails(400, "KeyTooLongError", self.s3.put_object, Key="k" * 1025, Body=b"")

    def test_missing_things_have_their_names(self):
        self.object_fails(404, "NoSuchKey", self.s3.get_object, Key="none")
        self.object_fails(404, "404", self.s3.head_object, Key="none")
        response = self.fails(404, "NoSuchBucket", self.s3.get_object, Bucket="no-such", Key="k")
        self.assertEqual(response["ResponseMetadata"]["RequestId"],
                         response["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"])
        self.fails(404, "NoSuchBucket", self.s3.put_object, Bucket="no-such", Key="k", Body=b"")
        self.fails(404, "NoSuchBucket", self.s3.list_objects_v2, Bucket="no-such")
        self.object_fails(501, "NotImplemented", self.s3.put_object, Key="k", Body=b"",
                          ServerSideEncryption="aws:kms")

    def test_digests_are_verified(self):
        wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        self.object_fails(400, "BadDigest", self.s3.put_object, Key="k", Body=b"x", ContentMD5=wrong)
        self.object_fails(400, "InvalidDigest", self.s3.put_object, Key="k", Body=b"x",
                          ContentMD5="YWJyYWNhZGFicmE=")
        sha = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
        receipt = self.put("k", b"x", ChecksumSHA256=sha)
        self.assertEqual(receipt["ChecksumSHA256"], sha)
        got = self.s3.get_object(Bucket=self.bucket, Key="k", ChecksumMode="ENABLED")
        self.assertEqual(got["ChecksumSHA256"], sha)
        self.object_fails(400, "BadDigest", self.s3.put_object, Key="k", Body=b"y", ChecksumSHA256=sha)
        self.assertEqual(self.get("k"), b"x")
        crc = base64.b64encode(zlib.crc32(b"x").to_bytes(4, "big")).decode()
        receipt = self.put("k", b"x", ChecksumAlgorithm="CRC32")
        self.assertEqual(receipt["ChecksumCRC32"], crc)

    @unittest.skipUnless(SENDS_CHECKSUMS, "this boto3 sends no checksums of itself")
    def test_default_checksums_of_current_sdks_are_kept(self):
        self.put("k", b"123456789")
        head = self.s3.head_object(Bucket=self.bucket, Key="k", ChecksumMode="ENABLED")
        self.assertEqual(head["ChecksumCRC32"], "y/Q5Jg==")
        self.assertEqual(head["ChecksumType"], "FULL_OBJECT")

    def test_conditional_reads(self):
        etag = self.put("k", b"x")["ETag"]
        past = datetime.datetime(2001, 1, 1)
        future = datetime.datetime.utcnow() + datetime.timedelta(days=1)
        self.assertEqual(self.get("k", IfMatch=etag), b"x")
        self.object_fails(412, "PreconditionFailed", self.s3.get_object, Key="k", IfMatch='"no"')
        self.object_fails(304, "304", self.s3.get_object, Key="k", IfNoneMatch=etag)
        self.object_fails(304, "304", self.s3.get_object, Key="k", IfModifiedSince=future)
        self.object_fails(412, "PreconditionFailed", self.s3.get_object, Key="k",
                          IfUnmodifiedSince=past)
        self.assertEqual(self.get("k", IfModifiedSince=past), b"x")

    def test_conditional_writes(self):
        def put_if(body, **headers):
            s3 = server.client("s3")
            add = lambda params, **_: params["headers"].update(
                {name.replace("_", "-"): value for name, value in headers.items()})
            s3.meta.events.register("before-call.s3.PutObject", add)
            return s3.put_object(Bucket=self.bucket, Key="k", Body=body)

        self.fails(404, "NoSuchKey", put_if, body=b"0", If_Match="*")
        etag = put_if(body=b"1", If_None_Match="*")["ETag"]
        self.fails(412, "PreconditionFailed", put_if, body=b"2", If_None_Match="*")
        self.fails(412, "PreconditionFailed", put_if, body=b"2", If_Match='"ABCORZ"')
        put_if(body=b"3", If_Match=etag)
        self.assertEqual(self.get("k"), b"3")

    def test_of_many_conditional_writers_one_wins(self):
        def put(i):
            s3 = server.client("s3")
            s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: params[
                "headers"].update({"If-None-Match": "*"}))
            try:
                s3.put_object(Bucket=self.bucket, Key="k", Body=pattern(100_000, i))
                return i
            except ClientError:
                return None

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            winners = [i for i in pool.map(put, range(6)) if i is not None]
        self.assertEqual(len(winners), 1)
        self.assertEqual(self.get("k"), pattern(100_000, winners[0]))

    def test_presigned_urls_read_and_write(self):
        s3 = server.client("s3", signature_version="s3v4")
        url = s3.generate_presigned_url("put_object", {"Bucket": self.bucket, "Key": "p é"})
        request = urllib.request.Request(url, data=b"signed", method="PUT")
        self.assertEqual(urllib.request.urlopen(request).status, 200)
        url = s3.generate_presigned_url("get_object", {
            "Bucket": self.bucket, "Key": "p é", "ResponseContentType": "text/x",
            "ResponseContentDisposition": "inline"})
        with urllib.request.urlopen(url) as got:
            self.assertEqual(got.read(), b"signed")
            self.assertEqual(got.headers["Content-Type"], "text/x")
            self.assertEqual(got.headers["Content-Disposition"], "inline")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("text", "test"))
        self.assertEqual(caught.exception.code, 403)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{server.url}/{self.bucket}/k")
        self.assertEqual(caught.exception.code, 403)

    def test_virtual_host_addresses(self):
        s3 = boto3.client(
            "s3", region_name=harness.REGION, aws_access_key_id=server.credentials()[0],
            aws_secret_access_key=server.credentials()[1],
            endpoint_url=server.url.replace("127.0.0.1", "localhost"),
            config=botocore.config.Config(s3={"addressing_style": "virtual"}))
        with names_below_localhost():
            s3.put_object(Bucket=self.bucket, Key="k", Body=b"x")
        self.assertEqual(self.get("k"), b"x")

    def test_deleting_many_repeats_without_error(self):
        for key in ("a", "b"):
            self.put(key, b"x")
        request = {"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]}
        for _ in range(2):
            result = self.s3.delete_objects(Bucket=self.bucket, Delete=request)
            self.assertEqual(len(result["Deleted"]), 3)
        request = {"Objects": [{"Key": str(i)} for i in range(1001)]}
        self.object_fails(400, "MalformedXML", self.s3.delete_objects, Delete=request)

    def test_tags(self):
        tags = [{"Key": str(i), "Value": str(i)} for i in range(10)]
        self.put("k", b"x", Tagging="foo=bar&bar")
        got = self.s3.get_object_tagging(Bucket=self.bucket, Key="k")["TagSet"]
        self.assertEqual(got, [{"Key": "bar", "Value": ""}, {"Key": "foo", "Value": "bar"}])
        self.s3.put_object_tagging(Bucket=self.bucket, Key="k", Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.bucket, Key="k")["TagSet"], tags)
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual(head["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"], "10")
        for wrong in (tags + [{"Key": "x", "Value": ""}], [{"Key": "k" * 129, "Value": ""}],
                      [{"Key": "k", "Value": "v" * 257}], [tags[0], tags[0]]):
            self.object_fails(400, "InvalidTag", self.s3.put_object_tagging, Key="k",
                              Tagging={"TagSet": wrong})
        self.s3.delete_object_tagging(Bucket=self.bucket, Key="k")
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.bucket, Key="k")["TagSet"], [])

    def test_large_bodies_are_replaced_whole_under_readers(self):
        self.put("k", pattern(4 * MIB, 0))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            writes = [pool.submit(self.put, "k", pattern(4 * MIB, i)) for i in range(8)]
            reads = [pool.submit(self.get, "k") for _ in range(8)]
        bodies = {pattern(4 * MIB, i) for i in range(8)}
        for write in writes:
            write.result()
        for read in reads:
            self.assertIn(read.result(), bodies)


class Copies(S3Test):
    def copy(self, source, key, **options):
        return self.s3.copy_object(Bucket=self.bucket, Key=key,
                                   CopySource={"Bucket": self.bucket, "Key": source}, **options)

    def test_copies_keep_or_replace_metadata(self):
        for size in (0, 100, 2 * MIB):
            self.put("a", pattern(size), Metadata={"m": "1"}, ContentType="a/b")
            self.copy("a", "b")
            head = self.s3.head_object(Bucket=self.bucket, Key="b")
            self.assertEqual((head["Metadata"], head["ContentType"]), ({"m": "1"}, "a/b"))
            self.copy("a", "b", MetadataDirective="REPLACE", Metadata={"n": "2"}, ContentType="c/d")
            head = self.s3.head_object(Bucket=self.bucket, Key="b")
            self.assertEqual((head["Metadata"], head["ContentType"]), ({"n": "2"}, "c/d"))
            self.assertEqual(self.get("b"), pattern(size))

    def test_copying_onto_itself_must_change_something(self):
        self.put("a", b"x")
        self.fails(400, "InvalidRequest", self.copy, source="a", key="a")
        self.copy("a", "a", MetadataDirective="REPLACE", Metadata={"n": "2"})
        head = self.s3.head_object(Bucket=self.bucket, Key="a")
        self.assertEqual(head["Metadata"], {"n": "2"})

    def test_sources_that_are_missing_or_do_not_match(self):
        etag = self.put("a", b"x")["ETag"]
        self.fails(404, "NoSuchKey", self.copy, source="none", key="b")
        self.fails(404, "NoSuchBucket", self.s3.copy_object, Bucket=self.bucket, Key="b",
                   CopySource="no-such/key")
        self.copy("a", "b", CopySourceIfMatch=etag)
        self.fails(412, "PreconditionFailed", self.copy, source="a", key="b",
                   CopySourceIfMatch="ABCORZ")
        self.fails(412, "PreconditionFailed", self.copy, source="a", key="b",
                   CopySourceIfNoneMatch=etag)

    def test_special_names(self):
        for key in (" ", "_", "__", "?versionId", "a%3Fb", "é+ü"):
            self.put(key, key.encode())
            self.copy(key, "copy")
            self.assertEqual(self.get("copy"), key.encode())


class Buckets(S3Test):
    def test_names_follow_the_rules(self):
        for name in ("aa", "a", "A-upper", "under_score", "-lead", "trail-", "two..dots"):
            s3 = server.client("s3", s3={"addressing_style": "path"})
            s3.meta.events.unregister("before-parameter-build.s3",
                                      botocore.handlers.validate_bucket_name)
            self.fails(400, "InvalidBucketName", s3.create_bucket, Bucket=name)
        for name in ("a" * 63, "0digit", "with.dot", "with-hyphen"):
            self.s3.create_bucket(Bucket=name)
            self.s3.delete_bucket(Bucket=name)

    def test_life_of_a_bucket(self):
        self.s3.create_bucket(Bucket=self.bucket)  # again: us-east-1 lets it pass
        self.assertEqual(
            self.s3.head_bucket(Bucket=self.bucket)["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertIsNone(self.s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"])
        self.put("k", b"x")
        self.object_fails(409, "BucketNotEmpty", self.s3.delete_bucket)
        self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.s3.delete_bucket(Bucket=self.bucket)
        self.object_fails(404, "NoSuchBucket", self.s3.delete_bucket)
        self.object_fails(404, "404", self.s3.head_bucket)
        self.s3.create_bucket(Bucket=self.bucket,
                              CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        location = self.s3.get_bucket_location(Bucket=self.bucket)
        self.assertEqual(location["LocationConstraint"], "eu-west-1")

    def test_tags_and_settings(self):
        self.object_fails(404, "NoSuchTagSet", self.s3.get_bucket_tagging)
        tags = [{"Key": "Hello", "Value": "World"}]
        self.s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_bucket_tagging(Bucket=self.bucket)["TagSet"], tags)
        self.s3.delete_bucket_tagging(Bucket=self.bucket)
        self.object_fails(404, "NoSuchTagSet", self.s3.get_bucket_tagging)
        self.object_fails(404, "NoSuchBucketPolicy", self.s3.get_bucket_policy)
        self.object_fails(404, "NoSuchCORSConfiguration", self.s3.get_bucket_cors)
        self.object_fails(501, "NotImplemented", self.s3.put_bucket_policy, Policy="{}")
        self.object_fails(403, "AccessDenied", self.s3.list_objects_v2,
                          ExpectedBucketOwner="111122223333")
        acl = self.s3.get_bucket_acl(Bucket=self.bucket)
        self.assertEqual(acl["Grants"][0]["Grantee"]["ID"], acl["Owner"]["ID"])

    def test_buckets_are_listed(self):
        names = [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]
        self.assertIn(self.bucket, names)
        self.assertEqual(names, sorted(names))
        if BOTO3 < (1, 36):
            self.skipTest("this boto3 has no pages of buckets")
        paged, token = [], {}
        while True:
            page = self.s3.list_buckets(MaxBuckets=1, **token)
            paged += [bucket["Name"] for bucket in page["Buckets"]]
            if "ContinuationToken" not in page:
                break
            token = {"ContinuationToken": page["ContinuationToken"]}
        self.assertEqual(paged, names)


class Lists(S3Test):
    def put_all(self, *keys):
        for key in keys:
            self.put(key, b"x")

    def test_delimiters_prefixes_and_markers(self):
        self.put_all("asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla")

        def page(marker, size, prefix=""):
            got = self.s3.list_objects(Bucket=self.bucket, Delimiter="/", Marker=marker,
                                       MaxKeys=size, Prefix=prefix)
            return (got["IsTruncated"], [o["Key"] for o in got.get("Contents", [])],
                    [p["Prefix"] for p in got.get("CommonPrefixes", [])], got.get("NextMarker"))

        self.assertEqual(page("", 1), (True, ["asdf"], [], "asdf"))
        self.assertEqual(page("asdf", 1), (True, [], ["boo/"], "boo/"))
        self.assertEqual(page("boo/", 1), (False, [], ["cquux/"], None))
        self.assertEqual(page("", 2), (True, ["asdf"], ["boo/"], "boo/"))
        self.assertEqual(page("boo/", 2), (False, [], ["cquux/"], None))
        self.assertEqual(page("", 1, "boo/"), (True, ["boo/bar"], [], "boo/bar"))
        self.assertEqual(page("boo/bar", 1, "boo/"), (False, [], ["boo/baz/"], None))

    def test_encoding_and_strange_delimiters(self):
        self.put_all("foo+1/bar", "foo/bar/xyzzy", "quux ab/thud", "asdf+b")
        got = self.s3.list_objects_v2(Bucket=self.bucket, Delimiter="/", EncodingType="url")
        self.assertEqual([o["Key"] for o in got["Contents"]], ["asdf%2Bb"])
        self.assertEqual([p["Prefix"] for p in got["CommonPrefixes"]],
                         ["foo%2B1/", "foo/", "quux%20ab/"])
        got = self.s3.list_objects(Bucket=self.bucket, Delimiter=" ")
        self.assertEqual([p["Prefix"] for p in got["CommonPrefixes"]], ["quux "])
        got = self.s3.list_objects(Bucket=self.bucket, Delimiter="\x0a", Prefix="\x0a")
        self.assertEqual((got["Delimiter"], got["Prefix"]), ("\x0a", "\x0a"))
        self.assertNotIn("Contents", got)

    def test_version_two_tokens_counts_and_owners(self):
        self.put_all("bar", "baz", "foo", "quxx")
        first = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="bar", MaxKeys=1)
        self.assertEqual((first["KeyCount"], first["IsTruncated"]), (1, True))
        self.assertNotIn("Owner", first["Contents"][0])
        rest = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="bar", FetchOwner=True,
                                       ContinuationToken=first["NextContinuationToken"])
        self.assertEqual([o["Key"] for o in rest["Contents"]], ["foo", "quxx"])
        self.assertEqual(rest["StartAfter"], "bar")
        self.assertIn("ID", rest["Contents"][0]["Owner"])
        none = self.s3.list_objects_v2(Bucket=self.bucket, MaxKeys=0)
        self.assertEqual((none["KeyCount"], none["IsTruncated"]), (0, False))
        empty = self.s3.list_objects_v2(Bucket=self.bucket, ContinuationToken="")
        self.assertEqual((empty["ContinuationToken"], empty["KeyCount"]), ("", 4))
        after = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="zzz")
        self.assertEqual(after["KeyCount"], 0)

    def test_wrong_max_keys_is_refused(self):
        def blah(params, **_):
            params["url"] += ("&" if "?" in params["url"] else "?") + "max-keys=blah"

        self.s3.meta.events.register("before-call.s3.ListObjects", blah)
        self.object_fails(400, "InvalidArgument", self.s3.list_objects)

    def test_a_list_tells_what_head_tells(self):
        self.put("k", b"12345")
        entry = self.s3.list_objects(Bucket=self.bucket)["Contents"][0]
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual((entry["ETag"], entry["Size"]), (head["ETag"], 5))
        self.assertEqual(entry["LastModified"].replace(microsecond=0), head["LastModified"])
        acl = self.s3.get_object_acl(Bucket=self.bucket, Key="k")
        self.assertEqual(entry["Owner"], acl["Owner"])


class Multipart(S3Test):
    def create(self, key="k", **options):
        self.upload = {"Bucket": self.bucket, "Key": key}
        self.upload["UploadId"] = self.s3.create_multipart_upload(
            Bucket=self.bucket, Key=key, **options)["UploadId"]

    def send(self, number, body, **options):
        sent = self.s3.upload_part(PartNumber=number, Body=body, **self.upload, **options)
        part = {"PartNumber": number, "ETag": sent["ETag"]}
        part.update({k: v for k, v in sent.items() if k.startswith("Checksum")})
        return part

    def complete(self, parts, **options):
        return self.s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **self.upload,
                                                 **options)

    def test_parts_make_one_object(self):
        bodies = [pattern(5 * MIB, 1), pattern(5 * MIB, 2), pattern(100, 3)]
        self.create(Metadata={"foo": "bar"}, ContentType="text/bla", Tagging="a=b")
        parts = [self.send(i + 1, body) for i, body in enumerate(bodies)]
        listed = self.s3.list_parts(**self.upload, MaxParts=2)
        self.assertEqual(([p["PartNumber"] for p in listed["Parts"]], listed["IsTruncated"]),
                         ([1, 2], True))
        uploads = self.s3.list_multipart_uploads(Bucket=self.bucket)["Uploads"]
        self.assertEqual([u["UploadId"] for u in uploads], [self.upload["UploadId"]])
        done = self.complete(parts)
        again = self.complete(parts)
        self.assertEqual(done["ETag"], again["ETag"])
        md5 = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
        self.assertEqual(done["ETag"], f'"{md5}-3"')
        whole = b"".join(bodies)
        self.assertEqual(self.get("k"), whole)
        self.assertEqual(self.get("k", Range=f"bytes={5 * MIB - 3}-{10 * MIB + 4}"),
                         whole[5 * MIB - 3:10 * MIB + 5])
        got = self.s3.get_object(Bucket=self.bucket, Key="k", PartNumber=2)
        self.assertEqual((got["PartsCount"], got["Body"].read()), (3, bodies[1]))
        head = self.s3.head_object(Bucket=self.bucket, Key="k", PartNumber=3)
        self.assertEqual((head["PartsCount"], head["ContentLength"]), (3, 100))
        self.assertEqual(head["Metadata"], {"foo": "bar"})
        self.object_fails(400, "InvalidPart", self.s3.get_object, Key="k", PartNumber=5)
        tags = self.s3.get_object_tagging(Bucket=self.bucket, Key="k")["TagSet"]
        self.assertEqual(tags, [{"Key": "a", "Value": "b"}])

    def test_wrong_completions_are_refused(self):
        self.create()
        small, large = self.send(1, b"small"), self.send(2, b"x")
        self.fails(400, "EntityTooSmall", self.complete, parts=[small, large])
        self.fails(400, "InvalidPart", self.complete, parts=[{**small, "PartNumber": 9999}])
        self.fails(400, "InvalidPart", self.complete, parts=[{**small, "ETag": '"ffff"'}])
        self.fails(400, "InvalidPartOrder", self.complete, parts=[large, small])
        self.fails(400, "MalformedXML", self.s3.complete_multipart_upload, **self.upload)
        self.s3.abort_multipart_upload(**self.upload)
        self.fails(404, "NoSuchUpload", self.s3.abort_multipart_upload, **self.upload)
        self.fails(404, "NoSuchUpload", self.complete, parts=[small])
        self.fails(404, "NoSuchUpload", self.s3.list_parts, **self.upload)

    def test_parts_can_be_copied(self):
        self.put("src é?", pattern(5 * MIB))
        self.create()
        source = {"CopySource": {"Bucket": self.bucket, "Key": "src é?"}, **self.upload}
        copied = [self.s3.upload_part_copy(PartNumber=1, **source),
                  self.s3.upload_part_copy(PartNumber=2, CopySourceRange="bytes=10-19", **source)]
        parts = [{"PartNumber": i + 1, "ETag": c["CopyPartResult"]["ETag"]}
                 for i, c in enumerate(copied)]
        self.complete(parts)
        self.assertEqual(self.get("k"), pattern(5 * MIB) + pattern(5 * MIB)[10:20])
        self.create()
        source["UploadId"] = self.upload["UploadId"]
        for wrong in ("0-2", "bytes=0", "bytes=hello-world", "bytes=0-bar", "bytes=hello-",
                      "bytes=0-2,3-5"):
            self.fails(400, "InvalidArgument", self.s3.upload_part_copy, PartNumber=1,
                       CopySourceRange=wrong, **source)
        self.fails(416, "InvalidRange", self.s3.upload_part_copy, PartNumber=1,
                   CopySourceRange=f"bytes=0-{5 * MIB}", **source)

    def test_checksums_of_the_whole(self):
        bodies = [pattern(5 * MIB, 1), pattern(7, 2)]
        self.create(ChecksumAlgorithm="SHA256")
        parts = [self.send(i + 1, body, ChecksumAlgorithm="SHA256")
                 for i, body in enumerate(bodies)]
        bare = [{k: v for k, v in part.items() if k in ("PartNumber", "ETag")} for part in parts]
        self.fails(400, "InvalidRequest", self.complete, parts=bare)
        wrong = [{**parts[0], "ChecksumSHA256": parts[1]["ChecksumSHA256"]}, parts[1]]
        self.fails(400, "InvalidPart", self.complete, parts=wrong)
        digest = hashlib.sha256(b"".join(hashlib.sha256(body).digest() for body in bodies)).digest()
        composite = base64.b64encode(digest).decode() + "-2"
        self.assertEqual(self.complete(parts)["ChecksumSHA256"], composite)
        head = self.s3.head_object(Bucket=self.bucket, Key="k", ChecksumMode="ENABLED")
        self.assertEqual(head["ChecksumSHA256"], composite)
        attributes = self.s3.get_object_attributes(
            Bucket=self.bucket, Key="k", MaxParts=1,
            ObjectAttributes=["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"])
        self.assertEqual(attributes["ObjectSize"], 5 * MIB + 7)
        self.assertEqual(attributes["Checksum"]["ChecksumSHA256"], composite)
        self.assertEqual(attributes["ObjectParts"]["TotalPartsCount"], 2)
        self.assertTrue(attributes["ObjectParts"]["IsTruncated"])
        self.assertEqual(attributes["ObjectParts"]["Parts"][0]["Size"], 5 * MIB)

    def test_transfers_of_files(self):
        body = pattern(20 * MIB)
        self.s3.upload_fileobj(io.BytesIO(body), self.bucket, "big")
        out = io.BytesIO()
        self.s3.download_fileobj(self.bucket, "big", out)
        self.assertEqual(out.getvalue(), body)
        self.s3.copy({"Bucket": self.bucket, "Key": "big"}, self.bucket, "big2")
        self.assertEqual(self.get("big2"), body)


class Versions(S3Test):
    def setUp(self):
        super().setUp()
        self.assertNotIn("Status", self.s3.get_bucket_versioning(Bucket=self.bucket))
        self.set("Enabled")

    def set(self, status):
        self.s3.put_bucket_versioning(Bucket=self.bucket,
                                      VersioningConfiguration={"Status": status})
        self.assertEqual(self.s3.get_bucket_versioning(Bucket=self.bucket)["Status"], status)

    def test_versions_and_delete_markers(self):
        ids = [self.put("k", str(i).encode())["VersionId"] for i in range(3)]
        self.assertEqual([self.get("k", VersionId=v) for v in ids], [b"0", b"1", b"2"])
        marker = self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.assertTrue(marker["DeleteMarker"])
        response = self.object_fails(404, "NoSuchKey", self.s3.get_object, Key="k")
        self.assertEqual(response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
        self.object_fails(405, "MethodNotAllowed", self.s3.get_object, Key="k",
                          VersionId=marker["VersionId"])
        listed = self.s3.list_object_versions(Bucket=self.bucket)
        self.assertEqual([v["VersionId"] for v in listed["Versions"]], ids[::-1])
        self.assertTrue(listed["DeleteMarkers"][0]["IsLatest"])
        result = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [
            {"Key": "k", "VersionId": marker["VersionId"]}, {"Key": "k", "VersionId": ids[2]}]})
        self.assertEqual(len(result["Deleted"]), 2)
        self.assertEqual(self.get("k"), b"1")
        copied = self.s3.copy_object(
            Bucket=self.bucket, Key="c",
            CopySource={"Bucket": self.bucket, "Key": "k", "VersionId": ids[0]})
        self.assertEqual(copied["CopySourceVersionId"], ids[0])
        self.assertEqual(self.get("c"), b"0")

    def test_suspension_keeps_one_null_version(self):
        first = self.put("k", b"1")["VersionId"]
        self.set("Suspended")
        self.put("k", b"n1")
        self.put("k", b"n2")
        self.assertEqual(self.get("k", VersionId="null"), b"n2")
        self.assertEqual(len(self.s3.list_object_versions(Bucket=self.bucket)["Versions"]), 2)
        self.s3.delete_object(Bucket=self.bucket, Key="k", VersionId="null")
        self.assertEqual(self.get("k"), b"1")
        self.s3.delete_object(Bucket=self.bucket, Key="k", VersionId=first)
        self.s3.delete_bucket(Bucket=self.bucket)


if __name__ == "__main__":
    with harness.running_server(sys.argv.pop(1)) as server:
        print(f"boto3 {boto3.__version__}")
        result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
