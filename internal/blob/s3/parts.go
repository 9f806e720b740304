package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"catchment/internal/blob"
)

// putParts sends a large blob in parts. The condition stands at the end, where
// the parts become an object: until then nobody can see them.
func (s *Store) putParts(ctx context.Context, key string, first []byte, rest io.Reader) (blob.Info, error) {
	up, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &s.bucket, Key: s.name(key)})
	if err != nil {
		return blob.Info{}, s.failed("put", key, "s3:PutObject", err)
	}
	info, err := s.fillParts(ctx, key, up.UploadId, first, rest)
	if err != nil {
		clear, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
		defer cancel()
		_, aerr := s.client.AbortMultipartUpload(clear,
			&s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: s.name(key), UploadId: up.UploadId})
		if aerr != nil && !errors.Is(err, blob.ErrExists) { // the bucket's lifecycle clears it
			err = errors.Join(err, fmt.Errorf("abort the upload: %w", aerr))
		}
		return blob.Info{}, err
	}
	return info, nil
}

func (s *Store) fillParts(
	ctx context.Context, key string, upload *string, part []byte, rest io.Reader,
) (blob.Info, error) {
	var parts []types.CompletedPart
	size := int64(0)
	for last := false; len(part) > 0; {
		n := aws.Int32(int32(len(parts) + 1)) // #nosec G115 -- 10,000 parts at most
		out, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &s.bucket, Key: s.name(key), UploadId: upload, PartNumber: n, Body: bytes.NewReader(part),
		})
		if err != nil {
			return blob.Info{}, s.failed("put", key, "s3:PutObject", err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: n, ETag: out.ETag,
			ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
			ChecksumCRC64NVME: out.ChecksumCRC64NVME})
		size += int64(len(part))
		if last {
			break
		}
		if part, last, err = readPart(ctx, rest, s.partSize); err != nil {
			return blob.Info{}, fmt.Errorf("put %s: %w", key, err)
		}
	}
	out, err := s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: s.name(key), UploadId: upload, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return blob.Info{}, s.failed("put", key, "s3:PutObject", err)
	}
	return s.info(ctx, key, size, out.ResultMetadata)
}
