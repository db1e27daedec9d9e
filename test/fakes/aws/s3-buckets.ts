import { collectBody } from './body.js';
import { AwsError } from './errors.js';
import { empty, findBucket, ok, type S3Operation } from './s3-call.js';
import { listBuckets, listObjects, S3_NAMESPACE } from './s3-listing.js';
import { listUploads } from './s3-multipart.js';
import { textsOf, xml } from './xml.js';

export const BUCKETS: Readonly<Record<string, S3Operation>> = {
  ListBuckets: ({ state, wire }) => ok(listBuckets(state.buckets, wire)),
  ListObjects: (call) => ok(listObjects(findBucket(call, call.address.bucket), call.wire, 1)),
  ListObjectsV2: (call) => ok(listObjects(findBucket(call, call.address.bucket), call.wire, 2)),
  HeadBucket: (call) => empty(200, { 'x-amz-bucket-region': findBucket(call, call.address.bucket).region }),
  GetBucketLocation(call) {
    // The one operation every region answers for every bucket.
    const region = call.state.buckets.get(call.address.bucket)?.region ?? call.region;
    findBucket({ ...call, region }, call.address.bucket);
    return ok(
      xml`<LocationConstraint xmlns="${S3_NAMESPACE}">${region === 'us-east-1' ? undefined : region}</LocationConstraint>`,
    );
  },
  async CreateBucket(call) {
    const name = call.address.bucket;
    const [region = 'us-east-1'] = textsOf(
      (await collectBody(call.wire.body)).toString(),
      'LocationConstraint',
    );
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new AwsError('InvalidBucketName', 400, 'The specified bucket is not valid.', {
        details: { BucketName: name },
      });
    }
    if (call.state.buckets.has(name) && region !== 'us-east-1') {
      throw new AwsError(
        'BucketAlreadyOwnedByYou',
        409,
        'Your previous request to create the named bucket succeeded and you already own it.',
      );
    }
    if (!call.state.buckets.has(name)) {
      call.state.buckets.set(name, { name, region, objects: new Map(), uploads: new Map() });
    }
    return empty(200, { location: `/${name}` });
  },
  DeleteBucket(call) {
    const bucket = findBucket(call, call.address.bucket);
    if (bucket.objects.size > 0) {
      throw new AwsError('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty');
    }
    call.state.buckets.delete(bucket.name);
    return empty(204);
  },
  ListMultipartUploads: (call) => ok(listUploads(findBucket(call, call.address.bucket))),
};
